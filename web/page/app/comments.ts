// Comments of YAML. What is sent is JSON, which has none.

import { Lexer } from "yaml";

const SCALAR = "\x1f"; // the lexer's mark that a scalar follows, which may begin with # itself, as #cloud-config in a block does

// Returns whether a text of YAML has comments.
export function hasComments(text: string): boolean {
  let scalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (!scalar && lexeme.startsWith("#")) return true;
    scalar = lexeme === SCALAR;
  }
  return false;
}
