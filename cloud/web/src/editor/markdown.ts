// Markdown with the code of cells in its own language. Only the languages that a text has are loaded.

import { defineLanguageFacet, HighlightStyle, Language, LanguageDescription, LanguageSupport, ParseContext, syntaxHighlighting } from '@codemirror/language';
import { StreamLanguage } from '@codemirror/language';
import { tags } from '@lezer/highlight';
import { parseCode, parser, Strikethrough, Table } from '@lezer/markdown';
import { languageOf } from '../notebook/language.ts';

const javascript = (typescript: boolean) => () => import('@codemirror/lang-javascript').then((m) => m.javascript({ typescript }));

const languages = [
  LanguageDescription.of({ name: 'python', load: () => import('@codemirror/lang-python').then((m) => m.python()) }),
  LanguageDescription.of({ name: 'javascript', load: javascript(false) }),
  LanguageDescription.of({ name: 'typescript', load: javascript(true) }),
  LanguageDescription.of({ name: 'r', load: () => import('@codemirror/legacy-modes/mode/r').then((m) => new LanguageSupport(StreamLanguage.define(m.r))) }),
  LanguageDescription.of({ name: 'julia', load: () => import('@codemirror/legacy-modes/mode/julia').then((m) => new LanguageSupport(StreamLanguage.define(m.julia))) }),
  LanguageDescription.of({ name: 'bash', load: () => import('@codemirror/legacy-modes/mode/shell').then((m) => new LanguageSupport(StreamLanguage.define(m.shell))) }),
];

function codeParser(info: string) {
  const name = languageOf(info.trim().split(/\s+/)[0] ?? '');
  const found = languages.find((language) => language.name === name);
  if (!found) return null;
  return found.support ? found.support.language.parser : ParseContext.getSkippingParser(found.load());
}

const data = defineLanguageFacet({ commentTokens: { block: { open: '<!--', close: '-->' } } });
const language = new Language(data, parser.configure([Table, Strikethrough, parseCode({ codeParser })]), [], 'markdown');

const look = HighlightStyle.define([
  { tag: tags.heading1, class: 'md-h1' },
  { tag: tags.heading2, class: 'md-h2' },
  { tag: tags.heading3, class: 'md-h3' },
  { tag: [tags.heading4, tags.heading5, tags.heading6], class: 'md-h4' },
  { tag: tags.emphasis, class: 'md-em' },
  { tag: tags.strong, class: 'md-strong' },
  { tag: tags.strikethrough, class: 'md-strike' },
  { tag: tags.monospace, class: 'md-code' },
  { tag: [tags.link, tags.url], class: 'md-link' },
  { tag: tags.quote, class: 'md-quote' },
  { tag: [tags.processingInstruction, tags.contentSeparator, tags.labelName], class: 'md-mark' },
  { tag: [tags.keyword, tags.controlKeyword, tags.operatorKeyword, tags.definitionKeyword, tags.moduleKeyword], class: 'tok-keyword' },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], class: 'tok-string' },
  { tag: [tags.comment, tags.lineComment, tags.blockComment], class: 'tok-comment' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], class: 'tok-number' },
  { tag: [tags.function(tags.variableName), tags.function(tags.propertyName), tags.function(tags.definition(tags.variableName))], class: 'tok-function' },
  { tag: [tags.className, tags.typeName, tags.definition(tags.className)], class: 'tok-type' },
  { tag: [tags.meta, tags.self], class: 'tok-meta' },
]);

export const markdown = [language.extension, syntaxHighlighting(look)];
