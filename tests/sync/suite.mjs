// Yjs's random tests, and the cases of y-protocols, through Wayfare's doors. Says how many there were.

import * as arrays from 'yjs-tests/y-array.tests.js'
import * as maps from 'yjs-tests/y-map.tests.js'
import * as texts from 'yjs-tests/y-text.tests.js'
import { awarenessCase, openingCase, syncCases } from './protocols.mjs'
import { run } from './relayed.mjs'

// Those with more operations take minutes. The one that repeats another a thousand times says nothing new.
const ITERATIONS_MAX = 600
const isChosen = (name) => /^testRepeat/.test(name) && !/Repeat$/.test(name) && Number(/\d+$/.exec(name)[0]) <= ITERATIONS_MAX

/** `doors`: where the documents are, each `{ url, token }`; users take turns at them. */
export async function suite (project, doors, seed) {
  const named = Object.entries({ ...arrays, ...maps, ...texts }).filter(([name]) => isChosen(name))
  for (const [number, [name, test]] of named.entries()) {
    try {
      await run(test, seed + number, doors, `${project}/${name}`)
    } catch (error) {
      throw new Error(`${name}, seed ${seed + number}: ${error.stack}`)
    }
  }
  for (const [number, door] of doors.entries()) {
    await syncCases(door, `${project}/sync-${number}.md`)
    for (let time = 0; time < 5; time++) await openingCase(door, `${project}/opened-${number}-${time}.md`)
  }
  await awarenessCase(doors, `${project}/awareness.md`)
  return named.length
}
