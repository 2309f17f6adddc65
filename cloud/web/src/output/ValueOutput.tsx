// A value in the best of its media types that can be shown.

import { lazy, Suspense } from 'preact/compat';
import { useEffect, useState } from 'preact/hooks';
import type { Content } from '../notebook/output.ts';
import { mimeClass } from '../notebook/mime.ts';
import { LatexOutput } from './Formula.tsx';
import { fromBase64 } from './gather.ts';
import { HtmlFrame } from './HtmlFrame.tsx';
import { shownLines } from './screen.ts';
import { TextOutput } from './TextOutput.tsx';

const MarkdownOutput = lazy(() => import('./MarkdownOutput.tsx').then((m) => m.MarkdownOutput));

/** Markdown that is longer, in UTF-16 units, is shown as it is written. */
const MARKDOWN_MAX = 200_000;

/** Milliseconds before a picture that is not within reach is looked for again: at first, and at most. */
const AGAIN_MS = 1000;
const AGAIN_MAX_MS = 60_000;

/** Fetches a file of the document's; `null` if it is nowhere. */
export type FetchFile = (path: string) => Promise<Blob | null>;

/** Media types in the order in which they are preferred; other pictures come before plain text, other types are not shown. */
const ORDER = ['text/html', 'image/svg+xml', 'image/png', 'image/jpeg', 'text/latex', 'text/markdown', 'application/json'];

export function ValueOutput({ data, fetch, title }: { data: Record<string, Content>; fetch: FetchFile; title: string }) {
  const plain = data['text/plain'];
  const mime = ORDER.find((type) => type in data) ?? Object.keys(data).find((type) => type.startsWith('image/')) ?? 'text/plain';
  const content = data[mime] ?? Object.values(data)[0];
  if (!content) return null;
  const label = plain && 'text' in plain ? plain.text : '';
  if (mime.startsWith('image/')) return <Picture mime={mime} content={content} label={label} fetch={fetch} />;
  return <TextValue mime={mime} content={content} fetch={fetch} title={title} fallback={label} />;
}

function TextValue(props: { mime: string; content: Content; fetch: FetchFile; title: string; fallback: string }) {
  const { mime, content, fetch, title, fallback } = props;
  const [text, setText] = useState<string | null>('text' in content ? content.text : null);
  const [isMissing, setMissing] = useState(false);
  useEffect(() => {
    if (!('link' in content)) return setText('text' in content ? content.text : '');
    let isGone = false;
    void fetch(content.link).then(async (blob) => {
      const read = await blob?.text();
      if (isGone) return;
      if (read === undefined) setMissing(true);
      else setText(read);
    });
    return () => void (isGone = true);
  }, ['link' in content ? content.link : 'text' in content ? content.text : '']);
  if (isMissing) return fallback ? <Plain text={fallback} /> : <p class="missing">This output is not on this device.</p>;
  if (text === null) return <p class="missing">Loading…</p>;
  if (mime === 'text/html') return <HtmlFrame html={text} title={title} />;
  if (mime === 'text/latex') return <LatexOutput source={text} />;
  if (mime === 'application/json' || mime.endsWith('+json')) return <Plain text={indented(text)} />;
  if (mime === 'text/markdown' && text.length <= MARKDOWN_MAX) return <Suspense fallback={<Plain text={text} />}><MarkdownOutput source={text} /></Suspense>;
  return <Plain text={text} />;
}

function Plain({ text }: { text: string }) {
  return <TextOutput lines={shownLines(text)} name="stdout" />;
}

/** JSON with a line for each part; as it is where it is none. */
function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function Picture({ mime, content, label, fetch }: { mime: string; content: Content; label: string; fetch: FetchFile }) {
  const [url, setUrl] = useState<string | null>(null);
  const [isMissing, setMissing] = useState(false);
  const [isLarge, setLarge] = useState(false);
  const source = 'link' in content ? content.link : 'base64' in content ? content.base64 : content.text;
  useEffect(() => {
    let made: string | null = null;
    let isGone = false;
    let again: ReturnType<typeof setTimeout> | undefined;
    const show = (blob: Blob | null) => {
      if (isGone) return;
      setMissing(!blob);
      if (!blob) return;
      made = URL.createObjectURL(blob.type ? blob : new Blob([blob], { type: mime }));
      setUrl(made);
    };
    // The text may be here before the picture is where this device can get at it.
    const look = async (wait: number): Promise<void> => {
      const blob = await fetch(source);
      show(blob);
      if (!blob && !isGone) again = setTimeout(() => void look(Math.min(wait * 2, AGAIN_MAX_MS)), wait);
    };
    setMissing(false);
    if ('link' in content) void look(AGAIN_MS);
    else show(blobOf(mime, source));
    return () => {
      isGone = true;
      clearTimeout(again);
      if (made) URL.revokeObjectURL(made);
    };
  }, [source]);
  if (isMissing) return <p class="missing">{label ? `${label}: this` : 'This'} picture is not on this device.</p>;
  if (!url) return <p class="missing">Loading picture…</p>;
  return (
    <button type="button" class={`picture${isLarge ? ' large' : ''}`} aria-label={isLarge ? 'Show the picture in its place' : 'Enlarge the picture'}
      aria-pressed={isLarge} onClick={() => setLarge(!isLarge)}>
      <img src={url} alt={label || 'Picture'} />
    </button>
  );
}

/** In events a binary value is base64 and SVG is text. */
function blobOf(mime: string, source: string): Blob | null {
  if (mimeClass(mime) !== 'binary') return new Blob([source], { type: mime });
  const bytes = fromBase64(source);
  return bytes && new Blob([bytes], { type: mime });
}
