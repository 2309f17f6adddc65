// What a large notebook costs a cloud and a node: 2,000 cells with 20 MB of outputs, half of it printed, half of it 100 pictures. Says one
// line of JSON.
//
// Arguments: the folder of Wayfare's programs, and a folder on a disk.
//
// import_s, export_s    from Jupyter's format to Markdown, and back
// sync_s                from binding the folder that it lies in at the node until the cloud has its text and its pictures
// open_cloud_s, open_node_s  a client of Yjs, until it has the document
// edit_p50_ms           from typing a character at the node until a client at the cloud has it
// *_mib                 resident memory: most of it in that stage

const { randomBytes } = require('node:crypto')
const { mkdirSync, readdirSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const { connected } = require('./client.cjs')
const { Mesh, PROJECT } = require('./mesh.cjs')
const { kib, pause, until } = require('./processes.cjs')

const CELLS = 2_000
const PRINTED = 5_000
const PICTURES = 100
const PICTURE = 100_000
const EDITS = 100
const ROOM = 'large.md'
const PICTURES_AT = '_assets/generated'

const [bin, folder] = process.argv.slice(2)

/** Lines as a program prints them: no two alike, so that nothing is small by itself. */
const printed = () => randomBytes(PRINTED / 2).toString('hex').replace(/.{79}/g, '$&\n') + '\n'

const shown = () => ({
  output_type: 'display_data',
  metadata: {},
  data: { 'image/png': randomBytes(PICTURE).toString('base64'), 'text/plain': '<Figure size 640x480 with 1 Axes>' }
})

const outputs = (number) => [
  { output_type: 'stream', name: 'stdout', text: printed() },
  ...(number % (CELLS / PICTURES) === 0 ? [shown()] : [])
]

const notebook = () => ({
  cells: Array.from({ length: CELLS }, (_, number) => ({
    cell_type: 'code',
    id: `cell-${number}`,
    metadata: {},
    execution_count: number + 1,
    source: [`y${number} = f(${number})\n`, `print(y${number})`],
    outputs: outputs(number)
  })),
  metadata: { kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' }, language_info: { name: 'python' } },
  nbformat: 4,
  nbformat_minor: 5
})

async function main () {
  const mesh = await Mesh.start(bin, folder)
  const { child: node, door } = await mesh.node()
  const figures = {}
  const rounded = (value) => Number(value.toPrecision(3))
  const stage = async (name, act) => {
    for (const child of [mesh.cloud, node]) writeFileSync(`/proc/${child.pid}/clear_refs`, '5') // proc(5): the most begins anew
    const began = performance.now()
    const got = await act()
    figures[`${name}_s`] = rounded((performance.now() - began) / 1000)
    for (const [place, child] of [['cloud', mesh.cloud], ['node', node]]) {
      figures[`${name}_${place}_mib`] = rounded(kib(child, 'VmHWM') / 1024)
    }
    return got
  }
  const [files, fetched] = ['files', 'fetched'].map((name) => join(mesh.place, name))
  for (const made of [files, fetched]) mkdirSync(made)
  const [jupyter, markdown] = [join(mesh.place, 'large.ipynb'), join(files, ROOM)]
  const source = notebook()
  writeFileSync(jupyter, JSON.stringify(source))
  figures.before_cloud_mib = rounded(kib(mesh.cloud) / 1024)
  figures.before_node_mib = rounded(kib(node) / 1024)
  await stage('import', () => mesh.says('n', 'notebook', 'import', jupyter, '-o', markdown))
  const text = readFileSync(markdown, 'utf8')
  const pictures = readdirSync(join(files, PICTURES_AT))
  const path = (name) => join(PICTURES_AT, name)
  await stage('sync', async () => {
    await mesh.says('n', 'project', 'add', files, '--name', PROJECT)
    await until('the text', async () => (await mesh.says('device', 'docs', 'cat', `${PROJECT}/${ROOM}`).catch(() => '')) === text)
    mkdirSync(join(fetched, PICTURES_AT), { recursive: true })
    for (const name of pictures) {
      const words = ['project', 'download', PROJECT, path(name), '-o', join(fetched, path(name))]
      await until(name, () => mesh.says('device', ...words).then(() => true, () => false))
    }
  })
  const [reader] = await stage('open_cloud', () => connected(mesh.door, ROOM, 1))
  const [writer] = await stage('open_node', () => connected(door, ROOM, 1))
  if (reader.text.toString() !== text || writer.text.toString() !== text) throw new Error('a client has another text')
  const delays = []
  await stage('edit', async () => {
    for (let number = 0; number < EDITS; number++) {
      const before = reader.text.length
      const typed = performance.now()
      const arrived = new Promise((resolve) => { reader.applied = () => { if (reader.text.length > before) resolve() } })
      writer.text.insert(Math.floor((writer.text.length * number) / EDITS), 'x')
      await arrived
      delays.push(performance.now() - typed)
      await pause(10)
    }
  })
  delete figures.edit_s
  figures.edit_p50_ms = rounded(delays.toSorted((a, b) => a - b)[EDITS >> 1])
  await until('both replicas', async () => reader.text.length === writer.text.length)
  // What was typed is taken back, so that what is exported can be compared.
  const undo = [...Array(EDITS).keys()].reverse()
  for (const number of undo) writer.text.delete(Math.floor(((text.length + number) * number) / EDITS), 1)
  await until('the text as it was', () => reader.text.length === text.length)
  const back = join(fetched, 'back.ipynb')
  await stage('export', async () => {
    writeFileSync(join(fetched, ROOM), await mesh.says('device', 'docs', 'cat', `${PROJECT}/${ROOM}`))
    await mesh.says('device', 'notebook', 'export', join(fetched, ROOM), '-o', back)
  })
  const one = (lines) => [lines ?? ''].flat().join('').trim()
  const joined = ({ outputs, source }) => JSON.stringify([outputs.map(({ text, data }) => [one(text), one(data?.['image/png'])]), one(source)])
  const cells = JSON.parse(readFileSync(back, 'utf8')).cells
  if (cells.length !== CELLS || cells.some((cell, at) => joined(cell) !== joined(source.cells[at]))) throw new Error('the export is another notebook')
  for (const client of [reader, writer]) client.close()
  await mesh.end()
  console.log(JSON.stringify({ cells: CELLS, text_mb: rounded(text.length / 1e6), ...figures }))
}

main().then(() => process.exit(0), (error) => {
  console.error(error)
  process.exit(1)
})
