// One who writes at an even pace, from a thread of its own: what they wait is the door's doing and not that of a crowd
// in the same process. probe(port, n, pause) answers the times of all, in ms.
import https from 'node:https'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'

export const probe = (port, n, pause) => new Promise((done, fail) => {
  new Worker(new URL(import.meta.url), { workerData: { port, n, pause } }).once('message', done).once('error', fail)
})

const post = (port, agent, i) => new Promise((done, fail) => {
  const begun = performance.now()
  const body = JSON.stringify({ problem: `Probe ${i} ${Math.random()}: how do I export?`, email: `probe${i}@probe.example`, impact: 'question' })
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'x-forwarded-for': `203.0.113.${1 + (i % 200)}` }
  https.request({ host: '127.0.0.1', port, method: 'POST', path: '/requests', headers, agent, rejectUnauthorized: false }, (response) => {
    response.resume().once('end', () => (response.statusCode < 300 ? done(performance.now() - begun) : fail(new Error(String(response.statusCode)))))
  }).once('error', fail).end(body)
})

if (!isMainThread) {
  const { port, n, pause } = workerData, agent = new https.Agent({ keepAlive: true }), all = []
  for (let i = 0; i < n; i++) {
    all.push(await post(port, agent, i))
    await new Promise((go) => setTimeout(go, pause))
  }
  agent.destroy()
  parentPort.postMessage(all)
}
