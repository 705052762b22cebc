/**
 * What a person typed into a number: a number, or arithmetic with + - * / % ^ and brackets. A comma is a point. null is neither.
 * Whole numbers that are typed as they are keep all their digits.
 */
export function calculate(text: string): number | bigint | null {
  const typed = text.trim().replaceAll(',', '.');
  if (/^[+-]?\d+$/.test(typed)) {
    const exact = BigInt(typed.replace('+', ''));
    return Number.isSafeInteger(Number(exact)) ? Number(exact) : exact;
  }
  const parser = new Parser(typed);
  const value = parser.sum();
  return value !== null && parser.atEnd() && Number.isFinite(value) ? value : null;
}

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly text: string) {}

  atEnd(): boolean {
    this.space();
    return this.at >= this.text.length;
  }

  sum(): number | null {
    return this.chain(['+', '-'], () => this.product(), (op, a, b) => (op === '+' ? a + b : a - b));
  }

  private product(): number | null {
    return this.chain(['*', '/', '%'], () => this.signed(), (op, a, b) => (op === '*' ? a * b : op === '/' ? a / b : a % b));
  }

  private chain(ops: readonly string[], next: () => number | null, join: (op: string, a: number, b: number) => number): number | null {
    let value = next();
    for (let op = this.take(ops); value !== null && op !== null; op = this.take(ops)) {
      const right = next();
      value = right === null ? null : join(op, value, right);
    }
    return value;
  }

  private signed(): number | null {
    const sign = this.take(['-', '+']);
    if (sign === null) return this.power();
    const value = this.signed();
    return value === null || sign === '+' ? value : -value;
  }

  /** Powers bind from the right: 2^3^2 is 2^9. */
  private power(): number | null {
    const base = this.atom();
    if (base === null || this.take(['^']) === null) return base;
    const exponent = this.signed();
    return exponent === null ? null : base ** exponent;
  }

  private atom(): number | null {
    if (this.take(['(']) !== null) {
      if (++this.depth > 100) return null;
      const value = this.sum();
      return this.take([')']) === null ? null : value;
    }
    this.space();
    const found = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?/i.exec(this.text.slice(this.at))?.[0];
    if (found === undefined) return null;
    this.at += found.length;
    return Number(found);
  }

  private take(ops: readonly string[]): string | null {
    this.space();
    const c = this.text[this.at];
    if (c === undefined || !ops.includes(c)) return null;
    this.at++;
    return c;
  }

  private space(): void {
    while (this.text[this.at] === ' ') this.at++;
  }
}
