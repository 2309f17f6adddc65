import { expect, test } from 'vitest';
import { dollarsEnd, mathPieces } from './math.ts';

test('formulas stand between dollars, brackets, or the ends of an environment; the rest is text', () => {
  expect(mathPieces('$\\displaystyle x^{2}$')).toEqual([{ formula: '\\displaystyle x^{2}', isDisplay: false }]);
  expect(mathPieces('$$a$$ and \\[b\\]')).toEqual([{ formula: 'a', isDisplay: true }, ' and ', { formula: 'b', isDisplay: true }]);
  expect(mathPieces('Say $x$, or \\(y\\).')).toEqual(['Say ', { formula: 'x', isDisplay: false }, ', or ', { formula: 'y', isDisplay: false }, '.']);
  expect(mathPieces('\\begin{align}a\\end{align}')).toEqual([{ formula: '\\begin{align}a\\end{align}', isDisplay: true }]);
  expect(mathPieces('x^2')).toEqual([{ formula: 'x^2', isDisplay: false }]);
});

test('prices are no formula', () => {
  expect(dollarsEnd('$x$ is', 0)).toBe(3);
  expect(dollarsEnd('$$x$$', 0)).toBe(5);
  expect(dollarsEnd('$5 and $6', 0)).toBe(-1);
  expect(dollarsEnd('$ x$', 0)).toBe(-1);
  expect(dollarsEnd('$a\\$b$', 0)).toBe(6);
  expect(dollarsEnd('$x', 0)).toBe(-1);
});
