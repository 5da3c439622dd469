/** Columns under headings, as `chronyc sources` has them. */

export interface Column<Row> {
  readonly heading: string;
  /** Figures stand to the right. Default "left". */
  readonly align?: "left" | "right";
  readonly cell: (row: Row) => string;
}

/** No line ends in blanks; the last one ends in a line feed. */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = columns.map(({ heading, align, cell }) => {
    const column = [heading, ...rows.map(cell)];
    const width = Math.max(...column.map((text) => text.length));
    return column.map((text) => (align === "right" ? text.padStart(width) : text.padEnd(width)));
  });
  const lines = [null, ...rows].map((_row, index) => cells.map((column) => column[index] ?? "").join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
