// A Postfix of our own: its own configuration, queue and ports, run as root beside whatever the machine has. Its six
// lines about us are those of README.md.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { folder, freePort, start, until } from './kit.mjs'

// Why there cannot be one here; undefined where there can.
export function missing() {
  if (process.getuid() !== 0) return 'Postfix needs root'
  if (spawnSync('postconf', ['-d', 'mail_version']).status !== 0) return 'Postfix is not installed'
  return spawnSync('swaks', ['--version']).error && 'swaks is not installed'
}

function lines(port) {
  const six = readFileSync('README.md', 'utf8').split('\n').map((line) => line.trim()).filter((line) => /^(virtual_\w+|recipient_delimiter|message_size_limit|smtpd_forbid_bare_newline) +=/.test(line))
  assert.equal(six.length, 6, 'README shows six lines of Postfix configuration')
  return six.map((line) => line.replace(/:8424$/, `:${port}`)).join('\n')
}

const services = ['rewrite trivial-rewrite', 'bounce', 'defer bounce', 'trace bounce', 'verify', 'proxymap', 'smtp', 'relay smtp', 'error', 'retry error', 'discard', 'lmtp', 'anvil', 'scache']

// Delivers to the LMTP port; more: lines of main.cf. Answers { port, send(options), queue(), flush(), log(), stop() }.
export async function postfix(lmtp, more = '') {
  const home = folder('postern-postfix-'), etc = join(home, 'etc'), port = await freePort()
  const log = join(home, 'log'), run = (name, ...args) => spawnSync(name, ['-c', etc, ...args], { encoding: 'utf8' })
  chmodSync(home, 0o755)
  for (const name of ['etc', 'spool', 'lib']) mkdirSync(join(home, name))
  chownSync(join(home, 'lib'), Number(spawnSync('id', ['-u', 'postfix'], { encoding: 'utf8' }).stdout), 0)
  writeFileSync(join(etc, 'main.cf'), `compatibility_level = 3.6
queue_directory = ${home}/spool
data_directory = ${home}/lib
maillog_file = ${log}
maillog_file_prefixes = ${home}
myhostname = mx.example.com
mydestination =
alias_maps =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
disable_dns_lookups = yes
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
transport_retry_time = 1s
${lines(lmtp)}
${more}
`)
  writeFileSync(join(etc, 'master.cf'), `127.0.0.1:${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
showq unix n - n - - showq
flush unix n - n 1000? 0 flush
postlog unix-dgram n - n - 1 postlogd
${services.map((s) => s.split(' ')).map(([name, program = name]) => `${name} unix - - n - ${/bounce|rewrite/.test(program) ? 0 : '-'} ${program}`).join('\n')}
`)
  const child = start('postfix', ['-c', etc, 'start-fg'], { stdio: 'ignore' })
  let over
  child.ended.then((how) => { over = how })
  await until('Postfix listens', () => over || (existsSync(log) && /daemon started/.test(readFileSync(log, 'utf8'))), 20000)
  assert.equal(over, undefined, existsSync(log) ? readFileSync(log, 'utf8') : 'no log')
  // Its master process is no child of ours, and must not outlive us; the folder may be gone by then.
  const master = Number(readFileSync(join(home, 'spool/pid/master.pid'), 'utf8'))
  process.once('exit', () => {
    if (over === undefined) process.kill(master)
  })
  return {
    port,
    // A mail by swaks; what it said.
    send({ from = 'aya@shop.example', to = 'help@support.example.com', header = {}, body = 'Our site is gone.', more = [] }) {
      const headers = Object.entries(header).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
      return spawnSync('swaks', ['--server', '127.0.0.1', '--port', String(port), '--from', from, '--to', to, ...headers, '--body', body, '--suppress-data', ...more], { encoding: 'utf8' })
    },
    queue: () => run('postqueue', '-j').stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)),
    flush: () => run('postqueue', '-f'),
    log: () => readFileSync(log, 'utf8'),
    async stop() {
      run('postfix', 'stop')
      await child.ended
    },
  }
}
