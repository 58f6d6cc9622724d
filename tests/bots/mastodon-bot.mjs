#!/usr/bin/env node
// Forwards public posts, as Mastodon's API gives them (a timeline or what a search found), to Postern's /channels/social:
//
//   WEBHOOK_SECRET=whsec_… mastodon-bot.mjs https://support.example:8443 STATUSES
//
// STATUSES is an address such as https://mastodon.example/api/v1/timelines/tag/examplecloud, a file, or - for what comes
// in. Run it as often as you like: what was forwarded before is answered by Postern with the same item, so nothing is
// remembered here. A line for each post: status, item, reference. Exit code 1 where a post was not taken.
// Another authority: NODE_EXTRA_CA_CERTS. Needs node 18 and npm's standardwebhooks.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Webhook } from 'standardwebhooks'

const TRIES = 5, WAIT_MAX_S = 60

// Server-made HTML as words; nothing of it is ever shown as HTML.
function words(html) {
  const entities = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ' }
  return html.replace(/<br[^>]*>|<\/p>/g, '\n').replace(/<[^>]*>/g, '')
    .replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (all, name) => {
      if (name[0] !== '#') return entities[name] ?? all
      const n = /^#x/i.test(name) ? parseInt(name.slice(2), 16) : Number(name.slice(1))
      return n > 0 && n <= 0x10FFFF ? String.fromCodePoint(n) : all
    }).replace(/\n{3,}/g, '\n\n').trim()
}

// "@user" of our own server is written without it; the address of the account has it.
const handle = ({ acct, url }) => (acct.includes('@') ? `@${acct}` : `@${acct}@${new URL(url).host}`)

export function report(status) {
  const { account } = status, text = [status.spoiler_text, words(status.content)].filter(Boolean).join('\n\n')
  return {
    platform: 'mastodon', post_id: status.url ?? status.uri, url: status.url ?? status.uri,
    author: { handle: handle(account), name: account.display_name || account.username, followers: Math.max(0, account.followers_count ?? 0) },
    text, posted_at: status.created_at, ...(status.language && { language: status.language }),
  }
}

// A boost is somebody else's post; one without words says nothing.
const worth = (status) => status.reblog == null && words(status.content) !== '' && status.visibility !== 'private' && status.visibility !== 'direct'

async function read(from) {
  if (from === '-') return JSON.parse(readFileSync(0, 'utf8'))
  if (!/^https?:/.test(from)) return JSON.parse(readFileSync(from, 'utf8'))
  const response = await fetch(from, { headers: { accept: 'application/json' } })
  if (!response.ok) throw new Error(`${from} answered ${response.status}`)
  return response.json()
}

// The same post has the same id, an edited one another.
async function send(door, webhook, json) {
  const body = JSON.stringify(json), id = `post_${createHash('sha256').update(body).digest('hex').slice(0, 40)}`
  for (let tries = 1; ; tries++) {
    const at = new Date()
    const response = await fetch(`${door}/channels/social`, {
      method: 'POST', body, redirect: 'error',
      headers: { 'content-type': 'application/json', 'webhook-id': id, 'webhook-timestamp': String(Math.floor(at / 1000)), 'webhook-signature': webhook.sign(id, at, body) },
    })
    const answer = await response.json().catch(() => ({}))
    const again = [409, 429, 503].includes(response.status) && tries < TRIES
    if (!again) return { status: response.status, ...answer }
    await new Promise((done) => setTimeout(done, 1000 * Math.min(WAIT_MAX_S, Number(response.headers.get('retry-after')) || 1)))
  }
}

async function main([door, from], secret) {
  if (!door || !from || !secret) {
    console.error('WEBHOOK_SECRET=whsec_… mastodon-bot.mjs https://support.example:8443 STATUSES')
    return 64
  }
  const found = await read(from), webhook = new Webhook(secret)
  let bad = 0
  for (const status of (found.statuses ?? found).filter(worth)) {
    const answer = await send(door.replace(/\/$/, ''), webhook, report(status))
    console.log(`${answer.status} ${answer.item ?? ''} ${answer.reference ?? ''}`.trim())
    if (answer.status !== 202) bad = 1
  }
  return bad
}

process.exitCode = await main(process.argv.slice(2), process.env.WEBHOOK_SECRET)
