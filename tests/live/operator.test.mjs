// Whoever runs it: starts it, breaks its settings, stops it under load, and reads what it says.
import assert from 'node:assert/strict'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { join, resolve } from 'node:path'
import { after, before, describe } from 'node:test'
import { PROGRAM, SHARE, closed, folder, many, open, sleep, start, story, until, write } from './kit.mjs'

// The program with words of our own choice: { code, out, err }.
function postern(...args) {
  const options = typeof args.at(-1) === 'object' ? args.pop() : {}
  return new Promise((done) => {
    const child = start(options.program ?? PROGRAM, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder(), ...options })
    let out = '', err = ''
    child.stdout.setEncoding('utf8').on('data', (d) => { out += d })
    child.stderr.setEncoding('utf8').on('data', (d) => { err += d })
    child.once('close', (code) => done({ code, out, err }))
  })
}

const oneSentence = (text) => assert.equal(text.trim().split('\n').filter((line) => !/^(info|warn) /.test(line)).length, 1, text)

describe('what was typed', () => {
  const table = [
    ['nothing', [], 64],
    ['an unknown command', ['sreve'], 64],
    ['an unknown option', ['check', '--nonsense'], 64],
    ['a word too many', ['check', 'please'], 64],
    ['an option without its value', ['check', '-c'], 64],
    ['half a command', ['contacts'], 64],
    ['an import without a source', ['contacts', 'import', 'x.csv'], 64],
    ['a source with a bad name', ['contacts', 'import', '--source', 'CRM!', 'x.csv', '-o', 'data=d', '-o', 'keys=k'], 64],
    ['a file that is not there', ['contacts', 'import', '--source', 'crm', 'nowhere.csv', '-o', 'data=d', '-o', 'keys=k'], 66],
    ['settings that are not there', ['check', '-c', 'nowhere.conf'], 66],
    ['an unknown setting', ['check', '-o', 'colour=blue'], 78],
    ['help', ['-h'], 0],
    ['the version', ['--version'], 0],
    ['help of a command', ['serve', '-h'], 0],
  ]
  for (const [label, args, code] of table) {
    story(`${label}: ${code}`, async () => {
      const run = await postern(...args)
      assert.equal(run.code, code, run.out + run.err)
      if (code === 0) assert.ok(run.out.length > 0 && run.err === '')
      else assert.ok((run.err + run.out).length > 0 && !/Assertion|Sanitizer/.test(run.err))
    })
  }
})

describe('check', () => {
  story('prints every fault as file:line: reason', async () => {
    const home = folder()
    writeFileSync(join(home, 'postern.conf'), 'data ./d\ncolour blue\nlisten public nowhere\nlimits perhaps\nbrand\n\n# fine\nlog loud\n')
    const run = await postern('check', '-c', join(home, 'postern.conf'), { cwd: home })
    assert.equal(run.code, 78)
    const lines = run.out.trim().split('\n')
    assert.deepEqual(lines.map((line) => /^(.*?):(\d+): \S/.exec(line)?.[2]), ['2', '3', '4', '5', '8'], run.out)
  })

  story('finds what is wrong in the rules, with its line', async () => {
    const home = folder()
    writeFileSync(join(home, 'my.rules'), 'queue triage { first-reply 1h calendar always }\nroute when colour blue to triage\nroute otherwise to nowhere\n')
    const run = await postern('check', '-o', `rules=${join(home, 'my.rules')}`, '-o', `data=${home}/d`)
    assert.equal(run.code, 78, run.out + run.err)
    assert.match(run.out, /my\.rules:2: /)
    assert.match(run.out, /my\.rules:3: /)
  })

  story('reads the holidays beside the rules, and finds what is wrong in them', async () => {
    const home = folder(), event = (...lines) => ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', ...lines, 'END:VEVENT', 'END:VCALENDAR', ''].join('\r\n')
    writeFileSync(join(home, 'my.rules'), 'calendar office { mon-fri 09:00-18:00 tz Asia/Taipei\n holidays "tw.ics" }\nqueue triage { first-reply 1h calendar office }\nroute otherwise to triage\n')
    const check = () => postern('check', '-o', `rules=${join(home, 'my.rules')}`, '-o', `data=${home}/d`)
    assert.match((await check()).out, /my\.rules:2: there is no file "tw\.ics" beside this one/)
    writeFileSync(join(home, 'tw.ics'), event('DTSTART;VALUE=DATE:20270206', 'RRULE:FREQ=MONTHLY'))
    assert.match((await check()).out, /my\.rules:2: "tw\.ics", line 4: .*FREQ=YEARLY/)
    writeFileSync(join(home, 'tw.ics'), event('DTSTART;VALUE=DATE:20270206', 'DTEND;VALUE=DATE:20270213'))
    assert.equal((await check()).out, 'ok\n')
  })

  story('of good settings says ok and writes nothing', async () => {
    const home = folder(), run = await postern('check', '-o', `data=${home}/d`, { cwd: home })
    assert.deepEqual([run.code, run.out], [0, 'ok\n'], run.err)
    assert.ok(!existsSync(join(home, 'd')))
  })
})

describe('what keeps it from starting is one sentence', () => {
  story('a port in use', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await new Promise((done) => server.once('listening', done))
    const door = closed({ settings: { 'listen public': `127.0.0.1:${server.address().port}` } })
    const run = await door.run('serve')
    server.close()
    assert.equal(run.code, 74, run.err)
    assert.equal(run.err.split('\n').filter((line) => /in use.*choose another/.test(line)).length, 1, run.err)
  })

  story('a data folder that cannot be made', async () => {
    const home = folder()
    writeFileSync(join(home, 'file'), '')
    const run = await postern('serve', '-o', `data=${home}/file/d`, '-o', `keys=${home}/k`)
    assert.equal(run.code, 74, run.err)
    oneSentence(run.err)
    assert.match(run.err, /data/)
  })

  story('a data folder that cannot be written', async () => {
    // Root may write everywhere, so then somebody else tries, who may not see where we were built.
    const home = folder(), who = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {}, program = join(home, 'postern')
    copyFileSync(PROGRAM, program)
    mkdirSync(join(home, 'd'))
    chmodSync(join(home, 'd'), 0o555)
    chmodSync(home, 0o755)
    const run = await postern('serve', '-o', `data=${home}/d`, '-o', `keys=${home}/k`, { ...who, cwd: home, program })
    assert.equal(run.code, 77, run.err)
    oneSentence(run.err)
    assert.match(run.err, /cannot be written/)
  })

  // What root made in it, the user it belongs to could not open.
  if (process.getuid() === 0)
    story('a command by root on data of another user', async () => {
      const door = await open()
      await door.stop()
      chownSync(join(door.home, 'keys'), 65534, 65534)
      const run = await door.run('staff list')
      assert.equal(run.code, 77, run.err)
      oneSentence(run.err)
      assert.match(run.err, /runuser -u nobody -- postern/)
    })

  story('a second one on the same data', async () => {
    const door = await open(), run = await door.run('serve')
    assert.ok([75, 77].includes(run.code), `${run.code} ${run.err}`)
    oneSentence(run.err)
    await door.request({ problem: 'Still there.', email: 'still@example.org' })
    await door.stop()
  })

  story('data whose keys are gone: it does not make new ones', async () => {
    const door = await open()
    await door.request({ email: 'sealed@example.org' })
    await door.stop()
    rmSync(join(door.home, 'keys'), { recursive: true })
    const run = await door.run('serve')
    assert.equal(run.code, 65, run.err)
    oneSentence(run.err)
    assert.match(run.err, /key/)
    assert.ok(!existsSync(join(door.home, 'keys')))
  })

  story('contacts whose keys are gone: no command makes new ones, nor serve after it', async () => {
    const door = closed(), file = write(door, 'c.csv', 'account,email\nEX-1,kim@example.org\n'), take = ['contacts', 'import', '--source', 'crm', file]
    assert.equal((await door.run(take)).code, 0)
    rmSync(join(door.home, 'keys'), { recursive: true })
    for (const words of [take, ['staff', 'add', 'mei', '--role', 'agent'], ['serve']]) {
      const run = await door.run(words, { input: 'a password of some length\n' })
      assert.equal(run.code, 65, `${words}: ${run.err}`)
      assert.match(run.err, /key/)
    }
    assert.ok(!existsSync(join(door.home, 'keys')))
  })
})

describe('while it runs', () => {
  let door
  before(async () => { door = await open({ settings: { limits: 'off', log: 'info' } }) })
  after(() => door.stop())

  story('ports.json names what was picked', async () => {
    assert.deepEqual(Object.keys(door.ports).filter((name) => ['public', 'staff', 'admin'].includes(name)), ['public', 'staff', 'admin'])
    for (const port of Object.values(door.ports)) assert.ok(Number.isInteger(port) && port > 0)
  })

  story('the pages name the address that was picked, before anybody can ask for them', async () => {
    const text = (await door.get('/.well-known/security.txt')).text
    assert.match(text, new RegExp(`^Canonical: https://localhost:${door.ports.public}/`, 'm'))
  })

  story('a crash would leave no memory on the disk', () => {
    assert.match(readFileSync(`/proc/${door.child.pid}/limits`, 'utf8'), /^Max core file size +0 +0 /m)
  })

  story('/livez, /readyz and /metrics answer what their readers expect', async () => {
    assert.equal((await door.admin('/livez')).status, 204)
    assert.equal((await door.get('/livez')).status, 204)
    const ready = await door.admin('/readyz')
    assert.equal(ready.json.ready, true)
    assert.ok(['journal', 'redis', 'mail'].every((name) => ready.json.checks[name].ok))
    await door.request({ email: 'metrics@example.org' })
    const { text, headers } = await door.admin('/metrics')
    assert.match(headers['content-type'], /^text\/plain; version=0\.0\.4/)
    const types = new Map(), values = new Map()
    for (const line of text.trimEnd().split('\n')) {
      const type = /^# TYPE (postern_[a-z0-9_]+) (counter|gauge|histogram)$/.exec(line), value = /^(postern_[a-z0-9_]+)(?:\{([a-z_]+="[^"]*",?)*\})? (-?[0-9.e+]+)$/.exec(line)
      if (type) types.set(type[1], type[2])
      else if (value) values.set(value[1], Number(value[3]))
      else assert.match(line, /^# HELP postern_[a-z0-9_]+ \S/, line)
    }
    for (const name of values.keys()) assert.ok(types.has(name), `${name} has a type`)
    for (const [name, type] of types) assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.ok(values.get('postern_journal_rows_total') >= 1)
    assert.ok(values.get('postern_items_filed_total') >= 1)
  })

  story('mail show reads what was sent, rules explain says why it went where', async () => {
    const made = await door.request({ problem: 'Explain me.', email: 'explain@example.org' })
    const { code } = await door.mailTo('explain@example.org')
    const run = await door.run('mail show --last 1')
    assert.equal(run.code, 0)
    assert.ok(run.out.includes(code) && run.out.includes(made.reference))
    const why = await door.run(['rules', 'explain', made.reference])
    assert.equal(why.code, 0, why.err)
    assert.match(why.out, /\.rules:\d+/)
    assert.match(why.out, /^match acc_[0-9A-Z]{26}, score 0\n {2}nobody we know: an account of its own$/m)
  })

  story('rules explain says whose a ticket is, with the points of every piece of evidence and the line that gave them', async () => {
    const file = write(door, 'explain.csv', 'account,account_name,contact_name,email,role,site_id\nX-1,Explained Ltd,Kit Explained,kit@explained.example,admin,EXP-100\n')
    assert.equal((await door.run(['contacts', 'import', '--source', 'crm', file])).code, 0)
    const made = await door.request({ problem: 'Whose am I?', email: 'kit@explained.example', name: 'Kit Explained', site: 'EXP-100' })
    const why = await until('explained', async () => {
      const run = await door.run(['rules', 'explain', made.reference])
      return run.code === 0 && run.out
    })
    assert.match(why, /^match acc_[0-9A-Z]{26}, score 100$/m)
    for (const line of [/the e-mail address is the same: \+\d+/, /the site is the same: \+\d+/, /the person's name is the same: \+\d+/, /score 100, .*: link \(default\.rules:\d+, version [0-9a-f]{16}\)/]) {
      assert.match(why, line)
    }
  })
})

describe('stopping', () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    story(`${signal} under load: within 5 s, and all that was answered is there afterwards`, async () => {
      const door = await open({ settings: { limits: 'off' } }), answers = []
      let going = true
      const load = many(16, 16, async (lane) => {
        for (let i = 0; going; i++) {
          const a = await door.post('/requests', { json: { problem: `Lane ${lane}, ${i}.`, email: `stop${lane}@example.org` } }).catch(() => null)
          if (a === null) return
          answers.push(a)
        }
      })
      await until('load', () => answers.length > 100)
      const begun = Date.now(), how = await door.kill(signal)
      going = false
      await load
      assert.deepEqual([how.code, how.signal], [0, null])
      assert.ok(Date.now() - begun < 5000, `${Date.now() - begun} ms`)
      const taken = answers.filter((a) => [201, 202].includes(a.status))
      assert.ok(answers.every((a) => [201, 202, 503].includes(a.status)))
      await door.start()
      await until('all is filed', async () => (await door.admin('/metrics')).text.includes('\npostern_journal_unfiled_items 0\n'))
      for (const a of taken) assert.equal((await door.look(a.json)).state, 'open')
      await door.stop()
    })
  }

  story('with an idle connection and one that sends slowly, too', async () => {
    const door = await open(), idle = net.connect(door.ports.admin, '127.0.0.1'), slow = net.connect(door.ports.admin, '127.0.0.1')
    for (const socket of [idle, slow]) socket.on('error', () => {})
    slow.write('GET /livez HTTP/1.1\r\nHost: a\r\n')
    await sleep(100)
    await door.stop()
    assert.ok(door.stopped < 5000, `${door.stopped} ms`)
    for (const socket of [idle, slow]) socket.destroy()
  })
})

describe('SIGHUP', () => {
  story('takes new rules, and keeps the old ones where the new are faulty', async () => {
    const shipped = readFileSync(resolve(SHARE, 'rules/default.rules'), 'utf8')
    const door = closed({ settings: { limits: 'off' } }), file = write(door, 'my.rules', shipped)
    door.settings.rules = file
    await door.start()
    const lines = (word) => door.log().split('\n').filter((line) => line.includes(word)).length
    writeFileSync(file, `${shipped}\nroute when colour blue to nowhere\n`)
    door.child.kill('SIGHUP')
    await until('refused', () => lines('_refused') === 1)
    assert.match(door.log().split('\n').find((line) => line.includes('_refused')), /my\.rules:\d+/)
    const first = await door.request({ problem: 'Under the old rules.', email: 'hup1@example.org' })
    assert.equal((await door.filed(first)).state, 'open')
    const before = (await door.look(first)).next_reply_by
    writeFileSync(file, shipped.replace(/^( +)first-reply \d+[mh]/gm, '$1first-reply 100h').replace(/^expect clock .*\n/gm, ''))
    door.child.kill('SIGHUP')
    await until('taken', () => /rules_(taken|loaded|reloaded)|reloaded/.test(door.log()))
    const second = await door.request({ problem: 'Under the new ones.', email: 'hup2@example.org' })
    assert.ok(Date.parse((await door.filed(second)).next_reply_by) - Date.parse(before) > 3600000)
    await door.stop()
  })
})
