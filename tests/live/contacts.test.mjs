// An operator brings contacts in from other systems, with and without the server running.
import assert from 'node:assert/strict'
import { after, before, describe } from 'node:test'
import { closed, open, story, until, write } from './kit.mjs'

const HEAD = 'account,account_name,contact_name,email,phone,role,site_id,last_proven,authorised_for'
const row = (i, more = {}) => [more.account ?? `EX-${Math.floor(i / 2)}`, 'Example Ltd', `Person ${i}`, more.email ?? `contact${i}@import.example.com`, '', 'admin', `S-${i}`,
  '2026-11-01', 'all'].join()
const csv = (rows) => `${[HEAD, ...rows].join('\n')}\n`
const rows = (n) => Array.from({ length: n }, (x, i) => row(i))

let door
before(async () => { door = await open({ settings: { limits: 'off' } }) })
after(() => door.stop())

async function bring(text, ...words) {
  const run = await door.run(['contacts', 'import', '--json', ...words, '-'], { input: text })
  return { ...run, report: run.out.startsWith('{') ? JSON.parse(run.out) : undefined }
}
const counts = ({ report }) => [report.added, report.changed, report.gone, report.conflicts, report.bad.length]

// What a code in that mailbox proves.
async function levelOf(email) {
  const made = await door.request({ problem: `To know what ${email} proves, ${Math.random()}.`, email })
  const { code } = await until('the code', () => door.mails().find((m) => m.subject.includes(made.reference)))
  return (await door.post(`${made.url}/verify`, { json: { code }, token: made.token })).json.level
}

describe('a snapshot of contacts', () => {
  story('that is only tried changes nothing', async () => {
    assert.deepEqual(counts(await bring(csv(rows(20)), '--source', 'crm', '--dry-run')), [20, 0, 0, 0, 0])
    assert.equal(await levelOf('contact3@import.example.com'), 1)
    assert.deepEqual(counts(await bring(csv(rows(20)), '--source', 'crm', '--dry-run')), [20, 0, 0, 0, 0])
  })

  story('is on record at once, and the second time there is nothing to do', async () => {
    assert.deepEqual(counts(await bring(csv(rows(20)), '--source', 'crm')), [20, 0, 0, 0, 0])
    assert.equal(await levelOf('contact4@import.example.com'), 2)
    assert.deepEqual(counts(await bring(csv(rows(20)), '--source', 'crm')), [0, 0, 0, 0, 0])
  })

  const refusals = [
    ['too many bad lines', () => [...rows(10), 'x', 'y'], []],
    ['a fifth of them missing', () => rows(14), []],
    ['an account without anybody left', () => rows(20).filter((r) => !r.startsWith('EX-3,')), []],
  ]
  for (const [label, make] of refusals) {
    story(`is refused whole with ${label}: 65, and nothing is written`, async () => {
      const run = await bring(csv(make()), '--source', 'crm')
      assert.equal(run.code, 65, run.out)
      assert.match(run.err, /refused, nothing was written/)
      assert.deepEqual(counts(await bring(csv(rows(20)), '--source', 'crm')), [0, 0, 0, 0, 0])
    })
  }

  story('stands beside that of another source', async () => {
    const { code, report } = await bring(csv(rows(20)), '--source', 'billing')
    assert.deepEqual([code, report.added, report.gone], [0, 20, 0])
  })

  story('with a mark of its encoding and semicolons is read, too', async () => {
    const text = `\ufeff${csv([row(100), row(101)]).replaceAll(',', ';').replaceAll('\n', '\r\n')}`
    assert.deepEqual(counts(await bring(text, '--source', 'tickets')), [2, 0, 0, 0, 0])
  })

  story('names the lines that are bad, and takes the others', async () => {
    const all = rows(60)
    all[5] = 'EX-2,too,short'
    all[9] = row(9, { email: 'nobody' })
    const { code, report } = await bring(csv(all), '--source', 'backup')
    assert.equal(code, 0)
    assert.deepEqual([report.added, report.bad.map((b) => b.line)], [58, [7, 11]])
    assert.ok(report.bad.every((b) => b.reason.length > 5))
  })

  story('may shrink where somebody says so; who is gone stays matchable', async () => {
    const { code, report } = await bring(csv(rows(10)), '--source', 'crm', '--accept-shrink')
    assert.deepEqual([code, report.gone], [0, 10])
    assert.equal(await levelOf('contact15@import.example.com'), 2)
  })

  story('can be brought in while the server is down, and is there when it starts', async () => {
    await door.stop()
    assert.equal((await bring(csv([row(200), row(201)]), '--source', 'night')).code, 0)
    await door.start()
    assert.equal(await levelOf('contact200@import.example.com'), 2)
  })

  story('is not in the log, nor on the terminal of whoever brings it', async () => {
    const run = await door.run(['contacts', 'import', '--source', 'quiet', '-'], { input: csv([row(300), row(301)]) })
    assert.equal(run.code, 0)
    for (const text of [run.out, run.err, door.log()]) assert.ok(!/contact30|Person 30/.test(text))
  })
})

describe('without any data yet', () => {
  story('an import makes the house it needs', async () => {
    const fresh = closed(), file = write(fresh, 'contacts.csv', csv(rows(4)))
    const run = await fresh.run(['contacts', 'import', '--source', 'crm', file])
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /4 added/)
  })
})
