// A member of staff for the live tests: made by the command, signed in, asking as the console's own page does.
import assert from 'node:assert/strict'
import { until } from './kit.mjs'

const PASSWORD = 'correct horse battery staple'

export async function member(door, name, role = 'agent') {
  const made = await door.run(['staff', 'add', name, '--role', role], { input: `${PASSWORD}\n` })
  assert.equal(made.code, 0, made.err)
  const headers = { 'sec-fetch-site': 'same-origin' }
  const again = async () => {
    const signed = await door.ask('POST', '/api/session', { to: 'staff', json: { name, password: PASSWORD }, headers })
    headers.cookie = signed.headers['set-cookie'][0].split(';')[0]
  }
  await again()
  const ask = (method, path, json, more) => door.ask(method, path, { to: 'staff', json, headers: { ...headers, ...more } })
  return {
    headers, // of whoever is signed in
    again, // a session ends when nobody uses it
    get: (path) => ask('GET', path),
    post: (path, json = {}, more = {}) => ask('POST', path, json, more),
    ticket: (id) => ask('GET', `/api/tickets/${id}`).then((a) => a.json),
    // The row of a reference, as soon as it is filed.
    find: (reference) => until(`ticket of ${reference}`, async () => (await ask('GET', `/api/search?q=${reference}`)).json.items[0]),
  }
}
