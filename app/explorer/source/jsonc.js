// Prettier's JSON with comments, by the parser that is in the page anyway: prettier's own brings all of
// JavaScript, 540 kB.
import { applyEdits, format } from "jsonc-parser";

export const parsers = {
  jsonc: {
    astFormat: "jsonc",
    parse: (text) => ({ text }),
    locStart: () => 0,
    locEnd: (whole) => whole.text.length,
  },
};

export const printers = {
  jsonc: {
    print: ({ node: { text } }) => applyEdits(text, format(text, undefined, { tabSize: 2, insertSpaces: true })),
  },
};
