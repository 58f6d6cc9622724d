// What stories about mail ask of the other side of the house.
import assert from 'node:assert/strict'
import { until } from './kit.mjs'

const PASSWORD = 'correct horse battery staple'

// A member of staff of that door: get(path), post(path).
export async function member(door, name = 'mei', role = 'lead') {
  const made = await door.run(['staff', 'add', name, '--role', role], { input: `${PASSWORD}\n` })
  assert.equal(made.code, 0, made.err)
  const ask = (method, path, json, cookie) => door.ask(method, path, { to: 'staff', json, headers: { 'sec-fetch-site': 'same-origin', ...(cookie && { cookie }) } })
  const signed = await ask('POST', '/api/session', { name, password: PASSWORD })
  assert.equal(signed.status, 204)
  const cookie = signed.headers['set-cookie'][0].split(';')[0]
  return { get: (path) => ask('GET', path, undefined, cookie), post: (path, json = {}) => ask('POST', path, json, cookie) }
}

// The tickets that somebody wrote on, whole, as soon as there are some.
export async function ticketsOf(staff, address) {
  const rows = await until(`a ticket of ${address}`, async () => {
    const { items } = (await staff.get(`/api/search?q=${encodeURIComponent(address)}`)).json
    return items.length > 0 && items
  }, 20000)
  return Promise.all([...new Set(rows.map((row) => row.ticket).filter(Boolean))].map(async (id) => (await staff.get(`/api/tickets/${id}`)).json))
}

export const metric = async (door, name) => Number(new RegExp(`^postern_${name} (\\S+)`, 'm').exec((await door.admin('/metrics')).text)[1])
// Everything in the journal is filed.
export const quiet = (door) => until('all mails are filed', async () => await metric(door, 'journal_unfiled_items') === 0, 30000)
