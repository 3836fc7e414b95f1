import ts from 'typescript';

/** A mutant: one small fault in a source text. */
export interface Mutant {
  /** `original -> replacement`, with a number where a source has several that read alike. */
  readonly description: string;
  /** 1-based. */
  readonly line: number;
  /** The text with the fault in it. */
  readonly text: string;
}

interface Change {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
}

const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '===': ['!=='],
  '!==': ['==='],
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '&&': ['||'],
  '||': ['&&'],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '**': ['*'],
  '%': ['*'],
  '&': ['|'],
};

/** Faults of SQL: each pattern is one change of the text that it matches. */
const SQL: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> = [
  [/ >= /g, ' > '],
  [/ > /g, ' >= '],
  [/ <= /g, ' < '],
  [/ < /g, ' <= '],
  [/ <> /g, ' = '],
  [/\bIS NOT NULL\b/g, 'IS NULL'],
  [/\bIS NULL\b/g, 'IS NOT NULL'],
  [/\bNOT EXISTS\b/g, 'EXISTS'],
  [/(?<!NOT )\bEXISTS\b/g, 'NOT EXISTS'],
  [/ \+ 1\b/g, ''],
  [/\bAND\b/g, 'OR'],
  [/\bleast\b/g, 'greatest'],
  [/\bgreatest\b/g, 'least'],
  [/ FOR (?:NO KEY )?UPDATE(?: OF \w+)?/g, ''],
  [/ FOR (?:KEY )?SHARE(?: OF \w+)?/g, ''],
  [/ AND [\w."]+(?:\.\w+)? (?:=|<>|<=?|>=?|IS(?: NOT)?|IN) [^()\n]+?(?=\s+AND\b|\n|\)|$)/g, ''],
  [/\bNULL\b(?=,|\n|$| FROM)/g, 'DEFAULT'],
  [/'infinity'/g, 'now()'],
  [/\bDISTINCT FROM\b/g, 'NOT DISTINCT FROM'],
];

const IS_SQL = /\b(?:SELECT|UPDATE|DELETE|INSERT|WHERE|EXISTS|CASE)\b/;

/**
 * Returns every mutant of a TypeScript source: reversed operators, forced conditions, constants off by one, removed calls
 * and throws. In SQL: reversed comparisons, removed conditions and locks.
 */
export function mutantsOf(source: string): Mutant[] {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.ES2022, true);
  const changes: Change[] = [];
  visit(file, changes);
  const seen = new Set<string>();
  const alike = new Map<string, number>();
  const mutants: Mutant[] = [];
  for (const { start, end, replacement } of changes) {
    const text = source.slice(0, start) + replacement + source.slice(end);
    if (seen.has(text) || text === source) continue;
    seen.add(text);
    const line = file.getLineAndCharacterOfPosition(start).line + 1;
    const change = `${shown(source.slice(start, end))} -> ${shown(replacement) || '∅'}`;
    const count = (alike.get(change) ?? 0) + 1;
    alike.set(change, count);
    mutants.push({ description: count === 1 ? change : `${change} (${count})`, line, text });
  }
  return mutants;
}

function shown(part: string): string {
  // Without backquotes: the document puts the text in backquotes.
  return part.replaceAll(/\s+/g, ' ').replaceAll('`', "'").trim().slice(0, 70);
}

function visit(node: ts.Node, changes: Change[]): void {
  if (ts.isImportDeclaration(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
  if (ts.isDecorator(node)) return;
  const put = (target: ts.Node, replacement: string) =>
    changes.push({ start: target.getStart(), end: target.getEnd(), replacement });

  if (ts.isBinaryExpression(node)) {
    const operator = node.operatorToken.getText();
    // `+` between strings is not arithmetic.
    const texts = [node.left, node.right].some((side) => ts.isStringLiteralLike(side) || ts.isTemplateExpression(side));
    for (const other of texts ? [] : (OPERATORS[operator] ?? [])) put(node.operatorToken, other);
    if (operator === '??') put(node, `(${node.right.getText()})`);
  }
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) {
    put(node, node.operand.getText());
  }
  if (ts.isIfStatement(node)) for (const forced of ['true', 'false']) put(node.expression, forced);
  if (ts.isConditionalExpression(node)) for (const forced of ['true', 'false']) put(node.condition, forced);
  if (node.kind === ts.SyntaxKind.TrueKeyword) put(node, 'false');
  if (node.kind === ts.SyntaxKind.FalseKeyword) put(node, 'true');
  if (ts.isNumericLiteral(node)) put(node, String(Number(node.text.replaceAll('_', '')) + 1));
  if (ts.isExpressionStatement(node) && isCall(node.expression)) put(node, ';');
  if (ts.isThrowStatement(node)) put(node, ';');
  if (ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node) || ts.isNoSubstitutionTemplateLiteral(node)) {
    sqlChanges(node, changes);
  }
  ts.forEachChild(node, (child) => visit(child, changes));
}

function isCall(node: ts.Expression): boolean {
  const inner = ts.isAwaitExpression(node) ? node.expression : node;
  return ts.isCallExpression(inner) && inner.expression.kind !== ts.SyntaxKind.SuperKeyword;
}

function sqlChanges(node: ts.Node, changes: Change[]): void {
  const whole = ts.isNoSubstitutionTemplateLiteral(node) ? node : node.parent.parent;
  if (!IS_SQL.test(whole.getText()) && !IS_SQL.test(node.parent.getText())) return;
  const text = node.getText();
  for (const [pattern, replacement] of SQL) {
    for (const match of text.matchAll(pattern)) {
      const start = node.getStart() + match.index;
      changes.push({ start, end: start + match[0].length, replacement });
    }
  }
}
