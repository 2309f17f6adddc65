// Processes of a bench: started, looked at, and ended by the one who started them.

const { spawn } = require('node:child_process')
const { readFileSync } = require('node:fs')

const PATIENCE_MS = 60_000

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function until (what, look) {
  const end = Date.now() + PATIENCE_MS
  for (;;) {
    const seen = await look()
    if (seen) return seen
    if (Date.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await pause(20)
  }
}

/** Those that run. Whatever ends this process ends them. */
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

/** A process whose end before ours is an error. */
function started (program, words, env = {}) {
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  child.stdout.resume()
  child.on('error', (error) => { throw error })
  child.on('exit', (status) => { if (!child.isEnding) throw new Error(`${program} ended with ${status}`) })
  running.add(child)
  return child
}

async function ended (child) {
  child.isEnding = true
  const exit = new Promise((resolve) => child.on('exit', resolve))
  child.kill('SIGTERM')
  await exit
  running.delete(child)
}

/** Memory by proc(5): `VmRSS` what is resident now, `VmHWM` the most that was. */
function kib (child, name = 'VmRSS') {
  return Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1])
}

module.exports = { ended, kib, pause, started, until }
