// Formulas: LaTeX as MathML. What reads them is loaded when the first one is shown.

import { useEffect, useState } from 'preact/hooks';
import { mathPieces, type Math } from './math.ts';

/** Ems that a formula may ask for as a size, and expansions of its macros. */
const SIZE_MAX = 50;
const EXPAND_MAX = 1000;

/** A value of `text/latex`: formulas, with the text between them. */
export function LatexOutput({ source }: { source: string }) {
  return (
    <div class="latex-output">
      {mathPieces(source).map((piece, at) => (typeof piece === 'string' ? <span key={at}>{piece}</span> : <Formula key={at} {...piece} />))}
    </div>
  );
}

export function Formula({ formula, isDisplay }: Math) {
  const [html, setHtml] = useState<string | null>(null);
  useEffect(() => {
    let isGone = false;
    void import('katex').then(({ default: katex }) => {
      if (isGone) return;
      setHtml(katex.renderToString(formula, {
        output: 'mathml', displayMode: isDisplay, throwOnError: false, strict: false, trust: false, maxSize: SIZE_MAX, maxExpand: EXPAND_MAX,
      }));
    });
    return () => void (isGone = true);
  }, [formula, isDisplay]);
  if (html === null) return <code>{formula}</code>;
  // KaTeX escapes what it is given: this is its MathML and nothing else.
  if (!isDisplay) return <span dangerouslySetInnerHTML={{ __html: html }} />;
  return <span class="formula" tabIndex={0} role="group" aria-label="Formula" dangerouslySetInnerHTML={{ __html: html }} />;
}
