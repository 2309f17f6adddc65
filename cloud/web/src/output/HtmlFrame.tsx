// HTML of an output. Nothing of it reaches the page: it stands in a frame of its own where no script runs. Where it has scripts,
// they run on request, in a frame that is nobody's origin.

import { useEffect, useRef, useState } from 'preact/hooks';

const LOOK = `
:root { color-scheme: light dark; }
body { margin: 0; font: 14px/1.5 system-ui, sans-serif; color: CanvasText; overflow-x: auto; }
table { border: 0; border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; border: 0; border-bottom: 1px solid color-mix(in srgb, CanvasText 18%, transparent); }
th { font-weight: 600; }
img, svg { max-width: 100%; height: auto; }
`;

export function HtmlFrame({ html, title }: { html: string; title: string }) {
  const [runsScripts, setRunsScripts] = useState(false);
  const hasScripts = /<script|\son\w+=/i.test(html);
  return (
    <div class="html-output">
      {runsScripts ? <ScriptFrame html={html} title={title} /> : <StaticFrame html={html} title={title} />}
      {hasScripts && !runsScripts && (
        <button type="button" class="button unfold" onClick={() => setRunsScripts(true)}>Run the scripts of this output</button>
      )}
    </div>
  );
}

/** No script runs in it, and so its height can be read from here. */
function StaticFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  const measure = () => {
    const body = frame.current?.contentDocument?.body;
    if (!frame.current || !body) return;
    frame.current.style.height = `${Math.ceil(body.getBoundingClientRect().height)}px`;
  };
  useEffect(() => {
    const observer = new ResizeObserver(measure);
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const page = `<!doctype html><html lang="en"><head><title>Output</title><meta name="color-scheme" content="light dark"><style>${LOOK}</style></head><body>${html}</body></html>`;
  return <iframe ref={frame} title={title} sandbox="allow-same-origin" srcdoc={page} onLoad={measure} scrolling="auto" />;
}

/** It has an origin of nobody, and says itself how high it is. */
function ScriptFrame({ html, title }: { html: string; title: string }) {
  const frame = useRef<HTMLIFrameElement>(null);
  useEffect(() => {
    const hear = (event: MessageEvent) => {
      if (event.source !== frame.current?.contentWindow) return;
      const { height } = (event.data ?? {}) as { height?: unknown };
      if (typeof height === 'number' && frame.current) frame.current.style.height = `${Math.min(4000, Math.max(40, height))}px`;
    };
    window.addEventListener('message', hear);
    return () => window.removeEventListener('message', hear);
  }, []);
  const send = () => frame.current?.contentWindow?.postMessage({ html }, '*');
  return <iframe ref={frame} title={title} sandbox="allow-scripts" src="/frame.html" onLoad={send} />;
}
