// A kernel that understands a few lines of Python: enough for every kind of output and end.

import type { MimeBundle, RunEvent } from '../mesh/interface.ts';

/** An event without its number. */
type Said = RunEvent extends infer E ? (E extends { number: number } ? Omit<E, 'number'> : never) : never;

export interface FakeConsole {
  say(event: Said): void;
  /** Asks for a line. */
  ask(prompt: string): Promise<string>;
  sleep(ms: number): Promise<void>;
  /** Throws if the run was interrupted. */
  check(): void;
}

/** A parabola, 320 by 200. */
const PICTURE =
  'iVBORw0KGgoAAAANSUhEUgAAAUAAAADICAIAAAAWZq/8AAADnklEQVR42u3ZwU0jMBRF0VcONVEdZaKs6IBNSMS1j3TWI2L/yzeZPR7fQNQcAQgYEDAgYBAwIGBAwICAQcCAgAEBg4ABAQMCBgQMAgYEDAgYEPABPj6//pYjFTClYvUsYM4pVs8C5t91+4p/EAHzbLfn/QAI+ORu/WAIuNStHxgB99L18yPg3uj7OAjYoPuAAub1k+3zImCj7LML2Cm8ZXwdhYwFnBxZZ+JMBGxMnQ8CNprOSsD8MpHOxKEJ2DJxegjY8DlJAeP550gFbF3gbAVsSzhkBPzMYDkQpy1gOwHHLmCrwPkLGNPjFgTs/YbrELBf+bgXAZsStyNg7zRck4D9asd9Cdg04NYEbA7cnYDPmgA9uEQBu3hcpYBdOS5UwP5wcrMCdse4XwG7XdyygP2NhOu+LmD1aljALhJXL2BXiAEQsMvDGJwcsHq5ZBjmwtCwgF0VBkPALgnjcWfA6uXCIZmLQcMCdiUYGAGrF2NzT8Dq5fLhOSRg48id8zOnj4a7UzTnjoa7szQnDt2JWvesBYyhmoOG7mjNEUN3wOZwoTtmvYANGSYtFrB6MW/VgNWLqasGrF7MXjVgX1xh/KoBqxdDeELAxghzGAtYvZjGasDqxUxWA1YvGq4G7IsrfKF1QsDGBUs4FrB60XA1YPWi4WrA6kXDAgYBqxc6czunAN3pnXqhO8MCBgGrFw3fE7B60XA1YPWi4XzArpwjGz48YOsXS7gasHrRcDVg9aJhAYOA3x6wetFwNWD1ouF8wC4V/6vUC9j6xRKuBqxeNPzS+Z/HM3QTmPUL3QqmXug2PI9n6D6kZ/1CdwlPvdBteB7P0H1Iz/qF7hKeeqHb8DyeofuQnvUL3SU89UK34Xk8Q/chPesXukt46oVuw/N4hu5DetYvdJfw1AvdhufxDN2H9Kxf6C7hWb/QXcJTL3QbnsczdB/Ss36hu4Rn/UJ3CU+90G14Hs/QfUjP+oXuEp71C90lPPVCt+F5PEP3IT3rF7pLeNYvdJfwrF/oLuGpF7oNz+MZug/pWb/QXcKzfqG7hGf9QncJT73QbVjAcFDA6oVQw/PdFXS/zZr1C90lPOsXukt41i90l/DUC92GBQzxgNUL0YYFDOWA1QvdhgUM8YAdBETNEYCAAQEDAgYBAwIGBAwIGAQMCBgQMAgYEDAgYEDAIGBAwICAAQGDgAEBAwIGAQMCBgQMCBgEDAgYEDAgYBAwIGBAwCBgIOEHOAe+kGSg4tgAAAAASUVORK5CYII=';

/** Every kind of block, and what must not come through. */
const MARKDOWN = `# Found

The *mean* is **3750 g**, \`n = 3\`, and ~~not~~ $\\bar x = \\frac{1}{n}\\sum_i x_i$; it costs $5 and $6. See [the data](https://example.org/data), <b onclick="window.hurt = 1">this</b>
and [that](javascript:window.hurt=1) &amp; ![a map](https://example.org/map.png).

<img src="x" onerror="window.hurt = 1"><script>window.hurt = 1</script>

| species | mass |
|---|---|
| Adelie | *3700* |

1. one
2. two
   - [x] done

> quoted

\`\`\`python
print("shown")
\`\`\`

$$
\\int_0^1 x^2 = \\frac{1}{3}
$$
`;

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" width="40" height="20"><script>window.hurt = 1</script><rect width="40" height="20" fill="#1c5fae"/></svg>';

const variables = new Map<string, string>();

export class FakeError extends Error {
  readonly type: string;
  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** Executes code line by line; gives the value of the last line. */
export async function execute(code: string, io: FakeConsole): Promise<MimeBundle | null> {
  let value: MimeBundle | null = null;
  for (const line of code.split('\n').map((line) => line.trim())) {
    io.check();
    if (line !== '' && !line.startsWith('#')) value = await statement(line, io);
  }
  return value;
}

async function statement(line: string, io: FakeConsole): Promise<MimeBundle | null> {
  const call = /^(\w+(?:\.\w+)*)\((.*)\)$/.exec(line);
  const assignment = /^(\w+) = (.*)$/.exec(line);
  if (assignment) {
    const input = /^input\("(.*)"\)$/.exec(assignment[2]!);
    variables.set(assignment[1]!, input ? await io.ask(input[1]!) : text(assignment[2]!));
    return null;
  }
  if (/\/ 0$/.test(line)) throw new FakeError('ZeroDivisionError', 'division by zero');
  if (!call) return { data: { 'text/plain': evaluated(line) }, metadata: {} };
  return named(call[1]!, call[2]!, io);
}

async function named(name: string, argument: string, io: FakeConsole): Promise<MimeBundle | null> {
  switch (name) {
    case 'print':
      io.say({ kind: 'stdout', text: `${text(argument)}\n` });
      return null;
    case 'warn':
      io.say({ kind: 'stderr', text: `${text(argument)}\n` });
      return null;
    case 'time.sleep':
      await io.sleep(Number(argument) * 1000);
      return null;
    case 'stream':
      for (let line = 1; line <= Number(argument); line += 20) {
        for (let at = line; at < line + 20; at++) io.say({ kind: 'stdout', text: `line ${at} of \u001b[32mmany\u001b[0m\n` });
        await io.sleep(20);
      }
      return null;
    case 'progress':
      for (let per = 0; per <= 100; per += 10) {
        io.say({ kind: 'stderr', text: `\r${String(per).padStart(3)}%|${'█'.repeat(per / 10).padEnd(10)}| ${per}/100` });
        await io.sleep(20);
      }
      return null;
    case 'plot':
      io.say({ kind: 'display', bundle: { data: { 'text/plain': '<Figure size 640x480 with 1 Axes>', 'image/png': PICTURE }, metadata: {} }, displayId: null });
      return null;
    case 'table':
      return { data: { 'text/plain': '   a\n0  1', 'text/html': table() }, metadata: {} };
    case 'markdown':
      return { data: { 'text/plain': '<Markdown object>', 'text/markdown': MARKDOWN }, metadata: {} };
    case 'json':
      return { data: { 'text/plain': '<JSON object>', 'application/json': '{"species":["Adelie","Gentoo"],"mass":{"g":3750}}' }, metadata: {} };
    case 'svg':
      return { data: { 'text/plain': '<SVG object>', 'image/svg+xml': SVG }, metadata: {} };
    case 'latex':
      return { data: { 'text/plain': 'x', 'text/latex': '$$\\int_0^1 x^2\\,dx = \\frac{1}{3}$$' }, metadata: {} };
    default:
      throw new FakeError('NameError', `name '${name}' is not defined`);
  }
}

function table(): string {
  const rows = ['Adelie', 'Chinstrap', 'Gentoo'].map((name, at) => `<tr><th>${at}</th><td>${name}</td><td>${39 + at}.1</td><td>18.7</td><td>3750</td></tr>`);
  return `<table border="1" class="dataframe"><thead><tr><th></th><th>species</th><th>bill_length_mm</th><th>bill_depth_mm</th><th>body_mass_g</th></tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function text(expression: string): string {
  const quoted = /^f?"(.*)"$/.exec(expression);
  if (quoted) return quoted[1]!.replace(/\{(\w+)\}/g, (_, name: string) => variables.get(name) ?? '');
  return evaluated(expression);
}

function evaluated(expression: string): string {
  const sum = /^(\d+) ([+*]) (\d+)$/.exec(expression);
  if (sum) return String(sum[2] === '+' ? Number(sum[1]) + Number(sum[3]) : Number(sum[1]) * Number(sum[3]));
  if (/^\d+$/.test(expression)) return expression;
  const value = variables.get(expression);
  if (value === undefined) throw new FakeError('NameError', `name '${expression}' is not defined`);
  return value;
}
