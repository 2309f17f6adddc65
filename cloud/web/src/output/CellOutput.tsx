// All that stands under a cell: what it wrote, what its run is doing, where it ran.

import type { NotebookContext } from '../editor/context.ts';
import { Icon } from '../Icon.tsx';
import type { Cell } from '../notebook/document.ts';
import type { Content, Output } from '../notebook/output.ts';
import { mimeClass } from '../notebook/mime.ts';
import { runKey } from '../notebook/write.ts';
import type { LiveRun } from '../runs/live-run.ts';
import type { QueuedRun } from '../runs/queued.ts';
import { ErrorOutput } from './ErrorOutput.tsx';
import type { Item } from './gather.ts';
import { EndLabel, RunStatus } from './RunStatus.tsx';
import { shownLines } from './screen.ts';
import { Lines, TextOutput } from './TextOutput.tsx';
import { Elsewhere } from './Unanswered.tsx';
import { ValueOutput, type FetchFile } from './ValueOutput.tsx';
import { WaitsElsewhere } from './WaitsElsewhere.tsx';

interface Props {
  context: NotebookContext;
  cellNumber: number;
  /** What the text holds, and whose it is. */
  outputs: readonly Output[];
  outputKey: string | null;
  /** The newest run of the cell that this page knows. */
  run: LiveRun | null;
  /** Those that wait for other devices. */
  elsewhere: readonly QueuedRun[];
  /** Runs the cell. */
  runs: () => void;
  cell: () => Cell | null;
}

export function CellOutput({ context, cellNumber, outputs, outputKey, run, elsewhere, runs, cell }: Props) {
  const phase = run?.phase.value;
  const end = phase?.kind === 'ended' ? phase.end : null;
  const hasBegun = phase !== undefined && (phase.kind === 'running' || phase.kind === 'asking' || (run!.version.value >= 0 && run!.gathered.items.length > 0));
  // A run that goes on is shown as it goes; one that ended, until the text has its output, and then in place of it, but not of a later
  // one's. Ids of runs are in the order of time.
  const isIn = end !== null && outputKey === runKey(run!.record.id, end.attempt);
  const isBefore = outputKey === (run?.record.before ?? null) || (outputKey !== null && run !== null && outputKey < run.record.id);
  const isComing = end !== null && isBefore && end.outcome !== 'refused' && end.outcome !== 'cancelled';
  const showsRun = run !== null && (!end ? hasBegun : isIn || isComing || (outputKey === null && outputs.length === 0));
  const label = outputKey === null ? undefined : context.ended(outputKey);
  const last = end && (showsRun || end.outcome === 'refused' || end.outcome === 'cancelled' || end.outcome === 'unknown') ? end : label;
  const title = `Output of cell ${cellNumber}`;
  const fetch: FetchFile = (path) => context.asset(path, outputKey, cell);
  const isEmpty = showsRun ? run.gathered.items.length === 0 && run.version.value >= 0 : outputs.length === 0;
  return (
    <div class={`outputs${phase && !end ? ' active' : ''}`} role="group" aria-label={title}>
      {!isEmpty && (
        <div class="output-items">
          {showsRun ? <LiveItems run={run} fetch={fetch} title={title} /> : outputs.map((output, at) => <Stored key={at} output={output} fetch={fetch} title={title} />)}
        </div>
      )}
      <div class="output-foot">
        {run && !end && <RunStatus run={run} context={context} />}
        {last && (!phase || end) && <EndLabel end={last} isCloud={isCloud(context, last.deviceName)} />}
        {run && end?.outcome === 'refused' && context.asked(run).isAway && <Elsewhere run={run} context={context} />}
        {elsewhere.map((queued) => <WaitsElsewhere key={queued.run} queued={queued} context={context} anew={runs} />)}
        {!isEmpty && (!phase || end) && <Copy text={() => (showsRun ? textOfItems(run.gathered.items) : outputs.map(textOf).join('\n'))} announce={context.announce} />}
      </div>
    </div>
  );
}

function isCloud(context: NotebookContext, deviceName: string): boolean {
  return context.place.devices.value.some((device) => device.name === deviceName && device.platform === 'cloud');
}

function LiveItems({ run, fetch, title }: { run: LiveRun; fetch: FetchFile; title: string }) {
  const version = run.version.value; // drawn again when there is more
  return <>{run.gathered.items.map((item, at) => <LiveItem key={at} item={item} version={version} fetch={fetch} title={title} />)}</>;
}

function LiveItem({ item, version, fetch, title }: { item: Item; version: number; fetch: FetchFile; title: string }) {
  switch (item.kind) {
    case 'stream':
      return <TextOutput lines={item.screen.lines} version={version} dropped={item.screen.dropped} name={item.name} />;
    case 'error':
      return <ErrorOutput name={item.error.type} message={item.error.message} traceback={item.error.traceback} />;
    case 'value':
      return <ValueOutput data={contents(item.bundle.data)} fetch={fetch} title={title} />;
  }
}

function contents(data: Record<string, string>): Record<string, Content> {
  return Object.fromEntries(Object.entries(data).map(([mime, text]) => [mime, mimeClass(mime) === 'binary' ? { base64: text } : { text }]));
}

function Stored({ output, fetch, title }: { output: Output; fetch: FetchFile; title: string }) {
  switch (output.kind) {
    case 'stream':
      if (!('text' in output.content)) return <ValueOutput data={{ 'text/plain': output.content }} fetch={fetch} title={title} />;
      return <TextOutput lines={shownLines(output.content.text)} name={output.name} />;
    case 'error':
      return <ErrorOutput name={output.name} message={output.message} traceback={output.traceback} />;
    case 'value':
      return <ValueOutput data={output.data} fetch={fetch} title={title} />;
    case 'json':
      return <div class="text-output stdout"><Lines lines={shownLines('text' in output.content ? output.content.text : '')} /></div>;
  }
}

function Copy({ text, announce }: { text: () => string; announce: (words: string) => void }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text());
    announce('Output copied');
  };
  return <button type="button" class="button icon-button copy" aria-label="Copy output" onClick={() => void copy()}><Icon name="copy" /></button>;
}

function textOfItems(items: readonly Item[]): string {
  return items.map((item) => {
    if (item.kind === 'stream') return item.screen.text();
    return item.kind === 'error' ? `${item.error.type}: ${item.error.message}\n` : `${item.bundle.data['text/plain'] ?? ''}\n`;
  }).join('');
}

function textOf(output: Output): string {
  const text = (content: Content | undefined) => (content && 'text' in content ? content.text : '');
  switch (output.kind) {
    case 'stream':
    case 'json':
      return text(output.content);
    case 'error':
      return `${output.name}: ${output.message}`;
    case 'value':
      return text(output.data['text/plain']);
  }
}
