//! Words to a tree, without types yet.

use super::lexer::{Token, tokens};
use super::{Comparison, DEPTH_MAX, ExprError, Span};

/// A tree whose every part knows its place.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text(String),
    Number(f64),
    Bool(bool),
    Name(String),
    Call {
        name: String,
        arguments: Vec<Tree>,
        path: Vec<String>,
    },
    Not(Box<Tree>),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Compare(Comparison, Box<Tree>, Box<Tree>),
    In(Box<Tree>, Vec<Tree>),
    Matches(Box<Tree>, Box<Tree>),
}

pub(super) fn parse(source: &str) -> Result<Tree, ExprError> {
    let mut parser = Parser {
        tokens: tokens(source)?,
        at: 0,
        depth: 0,
    };
    let tree = parser.or()?;
    match parser.peek() {
        Token::End => Ok(tree),
        _ => Err(parser.unexpected("the condition should end here")),
    }
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        self.tokens
            .get(self.at)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Span {
        let last = self
            .tokens
            .last()
            .map_or(Span { at: 0, len: 0 }, |(_, span)| *span);
        self.tokens.get(self.at).map_or(last, |(_, span)| *span)
    }

    fn next(&mut self) -> (Token, Span) {
        let both = (self.peek().clone(), self.span());
        self.at += 1;
        both
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(w) if w == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn unexpected(&self, wanted: &str) -> ExprError {
        let what = match self.peek() {
            Token::Text(text) => format!("the text '{text}'"),
            Token::Number(n) => format!("the number {n}"),
            Token::Word(word) => format!("`{word}`"),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the condition's end".into(),
        };
        let help = match self.peek() {
            Token::Word(w) if w == "is" || w == "eq" => "equality is `==`",
            Token::Word(w) if w == "AND" || w == "OR" || w == "NOT" => {
                "`and`, `or`, `not` are small"
            }
            _ => "",
        };
        ExprError::new(self.span(), format!("{wanted}, not {what}"), help)
    }

    fn or(&mut self) -> Result<Tree, ExprError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            let message = format!("a condition nested more than {DEPTH_MAX} deep");
            return Err(ExprError::new(
                self.span(),
                message,
                "split it into several `when`",
            ));
        }
        let mut left = self.and()?;
        while self.is_word("or") {
            self.at += 1;
            let right = self.and()?;
            let span = left.span.to(right.span);
            left = Tree {
                kind: Kind::Or(Box::new(left), Box::new(right)),
                span,
            };
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Tree, ExprError> {
        let mut left = self.not()?;
        while self.is_word("and") {
            self.at += 1;
            let right = self.not()?;
            let span = left.span.to(right.span);
            left = Tree {
                kind: Kind::And(Box::new(left), Box::new(right)),
                span,
            };
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<Tree, ExprError> {
        let mut nots = Vec::new();
        while self.is_word("not") {
            nots.push(self.next().1);
            if nots.len() > DEPTH_MAX {
                return Err(ExprError::new(self.span(), "too many `not`", ""));
            }
        }
        let mut tree = self.compare()?;
        for start in nots.into_iter().rev() {
            let span = start.to(tree.span);
            tree = Tree {
                kind: Kind::Not(Box::new(tree)),
                span,
            };
        }
        Ok(tree)
    }

    fn compare(&mut self) -> Result<Tree, ExprError> {
        let left = self.value()?;
        let comparison = match self.peek() {
            Token::Sign("==") => Some(Comparison::Equal),
            Token::Sign("!=") => Some(Comparison::NotEqual),
            Token::Sign("<") => Some(Comparison::Less),
            Token::Sign("<=") => Some(Comparison::LessOrEqual),
            Token::Sign(">") => Some(Comparison::Greater),
            Token::Sign(">=") => Some(Comparison::GreaterOrEqual),
            _ => None,
        };
        if let Some(comparison) = comparison {
            self.at += 1;
            let right = self.value()?;
            let span = left.span.to(right.span);
            let kind = Kind::Compare(comparison, Box::new(left), Box::new(right));
            return Ok(Tree { kind, span });
        }
        if self.is_word("matches") {
            self.at += 1;
            let right = self.value()?;
            let span = left.span.to(right.span);
            return Ok(Tree {
                kind: Kind::Matches(Box::new(left), Box::new(right)),
                span,
            });
        }
        let not = self.is_word("not");
        self.at += usize::from(not);
        if self.is_word("in") {
            self.at += 1;
            return self.list(left, not);
        }
        if not {
            return Err(self.unexpected("`not` after a value is followed by `in`"));
        }
        Ok(left)
    }

    fn list(&mut self, left: Tree, not: bool) -> Result<Tree, ExprError> {
        if !self.take_sign("(") {
            return Err(self.unexpected("a list in parentheses follows `in`"));
        }
        let items = self.values()?;
        let end = self
            .tokens
            .get(self.at.saturating_sub(1))
            .map_or(left.span, |(_, s)| *s);
        let span = left.span.to(end);
        let tree = Tree {
            kind: Kind::In(Box::new(left), items),
            span,
        };
        Ok(if not {
            Tree {
                kind: Kind::Not(Box::new(tree)),
                span,
            }
        } else {
            tree
        })
    }

    /// Values up to the closing parenthesis, which is taken.
    fn values(&mut self) -> Result<Vec<Tree>, ExprError> {
        let mut items = vec![self.value()?];
        while self.take_sign(",") {
            items.push(self.value()?);
        }
        match self.take_sign(")") {
            true => Ok(items),
            false => Err(self.unexpected("`,` or `)` is wanted")),
        }
    }

    fn value(&mut self) -> Result<Tree, ExprError> {
        let (token, span) = (self.peek().clone(), self.span());
        let kind = match token {
            Token::Text(text) => Kind::Text(text),
            Token::Number(number) => Kind::Number(number),
            Token::Word(word) if word == "true" || word == "false" => Kind::Bool(word == "true"),
            Token::Word(word) if !matches!(&*word, "and" | "or" | "not" | "in" | "matches") => {
                self.at += 1;
                if self.take_sign("(") {
                    return self.call(word, span);
                }
                return Ok(Tree {
                    kind: Kind::Name(word),
                    span,
                });
            }
            Token::Sign("(") => {
                self.at += 1;
                let inside = self.or()?;
                if !self.take_sign(")") {
                    return Err(self.unexpected("`)` is wanted"));
                }
                return Ok(inside);
            }
            _ => return Err(self.unexpected("a value is wanted")),
        };
        self.at += 1;
        Ok(Tree { kind, span })
    }

    fn call(&mut self, name: String, start: Span) -> Result<Tree, ExprError> {
        let arguments = if self.take_sign(")") {
            Vec::new()
        } else {
            self.values()?
        };
        let mut path = Vec::new();
        while self.take_sign(".") {
            match self.peek().clone() {
                Token::Word(word) => {
                    path.extend(word.split('.').map(String::from));
                    self.at += 1;
                }
                _ => return Err(self.unexpected("a field's name follows the dot")),
            }
        }
        let end = self
            .tokens
            .get(self.at.saturating_sub(1))
            .map_or(start, |(_, s)| *s);
        Ok(Tree {
            kind: Kind::Call {
                name,
                arguments,
                path,
            },
            span: start.to(end),
        })
    }
}
