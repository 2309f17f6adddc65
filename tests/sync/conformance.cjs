// Runs `suite.mjs`. Arguments: a folder for what is built, the project, and doors: address and token of each.
//
// The tests that Yjs has for its types are bundled as they were published (yjs 13.4.12 is the last that came with them), on the Yjs of
// today, with what connects users exchanged.

const { build } = require('esbuild')
const { dirname, join } = require('node:path')

const [folder, project, ...words] = process.argv.slice(2)
const SEED = Number(process.env.WAYFARE_TEST_SEED ?? 1)

const tests = join(dirname(require.resolve('yjs-with-tests/package.json')), 'tests')
const here = (path) => ({ path: join(__dirname, path) })
const exchanged = {
  name: 'exchanged',
  setup (builder) {
    builder.onResolve({ filter: /^yjs-tests\// }, ({ path }) => ({ path: join(tests, path.slice('yjs-tests/'.length)) }))
    builder.onResolve({ filter: /^\.\/testHelper\.js$/ }, () => here('relayed.mjs'))
    builder.onResolve({ filter: /^\.\.\/src\/(index|internals)\.js$/ }, ({ importer, resolveDir, kind }) => {
      if (dirname(importer) === tests) return builder.resolve('yjs', { resolveDir: __dirname, kind })
    })
  }
}

async function main () {
  const outfile = join(folder, 'suite.cjs')
  const entry = join(__dirname, 'suite.mjs')
  const nodePaths = process.env.NODE_PATH.split(':')
  await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', external: ['ws'], nodePaths, plugins: [exchanged], logLevel: 'error' })
  const doors = []
  for (let at = 0; at < words.length; at += 2) doors.push({ url: words[at], token: words[at + 1] })
  console.log(await require(outfile).suite(project, doors, SEED))
}

main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
