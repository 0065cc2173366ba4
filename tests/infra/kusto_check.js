// Parses and binds queries with Microsoft's own language service: JSON on standard input, JSON on standard output.
//
// Input: {"workspaces": [{table: columns}], "queries": {name: text}}. Output: for each workspace and query what the service
// complains of, which tables it reads, how far back it looks (`ages`), the columns of its result with their types, and for
// each statement which members of `l`, the parsed line, it reads, and which texts it compares them with.
"use strict";

require("@kusto/language-service-next/bridge.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.js");

const { Bridge, Kusto } = globalThis;
const { KustoCode, GlobalState, Symbols, Syntax } = Kusto.Language;
const KINDS = Syntax.SyntaxKind;

function globalsOf(tables) {
  const symbols = Object.entries(tables).map(([name, schema]) => new Symbols.TableSymbol.$ctor7(name, schema, null));
  return GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("workspace", symbols));
}

function each(root, visit) {
  Syntax.SyntaxElement.WalkNodes(root, visit);
}

// The member that is read: "name" in `l.name`, null for any other expression.
function memberOfLine(node) {
  const isMember = node.Kind === KINDS.PathExpression && node.Expression.toString(0).trim() === "l";
  return isMember ? node.Selector.toString(0).trim() : null;
}

function membersIn(root) {
  const members = [];
  each(root, (node) => {
    const member = memberOfLine(node);
    if (member !== null) members.push(member);
  });
  return members;
}

function textsIn(root) {
  const texts = [];
  each(root, (node) => {
    if (node.Kind === KINDS.StringLiteralExpression) texts.push(node.LiteralValue);
  });
  return texts;
}

const COMPARISONS = [KINDS.EqualExpression, KINDS.NotEqualExpression, KINDS.InExpression, KINDS.NotInExpression];

function statement(root) {
  const compared = [];
  each(root, (node) => {
    if (!COMPARISONS.includes(node.Kind)) return;
    const members = membersIn(node.Left);
    if (members.length === 1) compared.push([members[0], textsIn(node.Right)]);
  });
  return { members: [...new Set(membersIn(root))], compared };
}

function statementsOf(code) {
  const found = [];
  each(code.Syntax, (node) => {
    if (node.Kind === KINDS.LetStatement || node.Kind === KINDS.ExpressionStatement) found.push(node);
  });
  return found;
}

function tablesIn(code, known) {
  const tables = new Set();
  each(code.Syntax, (node) => {
    const symbol = node.Kind === KINDS.NameReference ? node.ReferencedSymbol : null;
    if (symbol && known.includes(symbol.Name)) tables.add(symbol.Name);
  });
  return [...tables];
}

function agesIn(code) {
  const ages = [];
  each(code.Syntax, (node) => {
    const isAgo = node.Kind === KINDS.FunctionCallExpression && node.Name.toString(0).trim() === "ago";
    if (isAgo) ages.push(node.ArgumentList.toString(0).trim());
  });
  return ages;
}

function judge(text, globals, known) {
  const code = KustoCode.ParseAndAnalyze(text, globals);
  const diagnostics = [];
  const complaints = Bridge.getEnumerator(code.GetDiagnostics());
  while (complaints.moveNext()) {
    const { Code: id, Severity: severity, Message: message } = complaints.Current;
    diagnostics.push({ id, severity, message });
  }
  const statements = statementsOf(code);
  const last = statements.length ? statements[statements.length - 1].Expression : null;
  const result = last && last.ResultType && last.ResultType.Columns ? Bridge.toArray(last.ResultType.Columns) : [];
  return {
    diagnostics,
    tables: tablesIn(code, known),
    ages: agesIn(code),
    columns: Object.fromEntries(result.map((column) => [column.Name, column.Type.Name])),
    statements: statements.map(statement),
  };
}

const input = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const output = input.workspaces.map((tables) => {
  const globals = globalsOf(tables);
  const judged = Object.entries(input.queries).map(([name, text]) => [name, judge(text, globals, Object.keys(tables))]);
  return Object.fromEntries(judged);
});
process.stdout.write(JSON.stringify(output));
