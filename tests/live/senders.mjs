// Senders of webhooks for the live tests: made by the command, signing by npm's standardwebhooks as their bots would.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Webhook } from 'standardwebhooks'

export const seconds = () => Math.floor(Date.now() / 1000)

// A message as it goes over the wire, signed.
export function message(secret, json, { id = `msg_${randomUUID()}`, at = seconds() } = {}) {
  const body = typeof json === 'string' ? json : JSON.stringify(json)
  return { id, at: String(at), body, signature: new Webhook(secret).sign(id, new Date(at * 1000), body) }
}

// more: other headers; undefined takes one away.
export const headersOf = ({ id, at, signature, more }) => Object.fromEntries(Object.entries({
  'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature, ...more,
}).filter(([, value]) => value !== undefined))

export const deliver = (door, kind, m) => door.post(`/channels/${kind}`, { body: m.body, headers: headersOf(m) })

// postern webhook …; its secret where it told one. What it prints must never be in the log.
export async function command(door, ...words) {
  const run = await door.run(['webhook', ...words])
  const secret = /whsec_[A-Za-z0-9+/=]+/.exec(run.out)?.[0]
  door.secret(secret)
  return { ...run, secret }
}

export async function sender(door, kind, name) {
  const made = await command(door, 'add', kind, name)
  assert.equal(made.code, 0, made.err)
  assert.match(made.out, /^whsec_[A-Za-z0-9+/]{43}=\n$/)
  return { kind, name, secret: made.secret, post: (json, options) => deliver(door, kind, message(made.secret, json, options)) }
}

let n = 0
export const post = (more = {}) => ({ platform: 'mastodon', post_id: `p${++n}`, author: { handle: `@aya${n}@social.example` }, text: `Post ${n}: our site is gone.`, ...more })
// About something of its own, so that it is not gathered with others.
export const rumour = (more = {}) => post({ claims: { organisation: `Rumour ${n + 1}` }, ...more })
export const call = (more = {}) => ({ call_id: `c${++n}`, from: `+8862${20000000 + n}`, transcript: `Call ${n}: our site is gone.`, ...more })
export const restoration = (more = {}) => ({ incident: 'loss', site: `SITE-${++n}`, batch: 'b-1', state: 'restoring', at: new Date().toISOString(), ...more })
export const deskTicket = (more = {}) => ({ desk: 'zendesk', ticket_id: `t${++n}`, text: `Ticket ${n}: our site is gone.`, ...more })
