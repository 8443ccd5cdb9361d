//! Brackets that are open, and what may come next: this tells a division from a regular expression and an object from a block.

/// Expectations of the next token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A statement.
    Start,
    /// An expression.
    Operand,
    /// An expression or a pattern that stands for itself: an element, a parameter, a declared name.
    Element,
    /// The place after an expression.
    Operator,
    /// The name of a member, in an object or a class.
    Key,
    /// The place after such a name.
    AfterKey,
    /// A name behind a point.
    Member,
    /// The parentheses of `if`, `for` and their like.
    Head,
    /// The body of a function.
    Body,
    /// The body of an arrow function.
    Arrow,
    /// The place after the braces of an arrow function, where a line's end ends the statement.
    ArrowEnd,
}

/// Things that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The whole text.
    Top,
    /// Statements in braces.
    Block,
    /// The braces of a function.
    Function,
    /// The braces of a class.
    Class,
    /// An object, or a pattern that looks like one.
    Object,
    /// `${…}`.
    Substitution,
    /// Parentheses around an expression, or around the parameters of an arrow function.
    Group,
    /// The arguments of a call.
    Arguments,
    /// The parameters of a function or method.
    Parameters,
    /// The parentheses of `if`, `for` and their like.
    Head,
    /// An array, or a pattern that looks like one.
    Array,
    /// `[…]` behind an expression, or the computed name of a member.
    Index,
    /// The body of an arrow function without braces. No bracket closes it.
    Concise,
    /// A class before its braces. No bracket closes it.
    ClassHead,
    /// A function before its braces. No bracket closes it.
    FunctionHead,
}

impl Kind {
    /// The byte that closes it, or 0.
    pub(super) fn closer(self) -> u8 {
        match self {
            Self::Block | Self::Function | Self::Class | Self::Object | Self::Substitution => b'}',
            Self::Group | Self::Arguments | Self::Parameters | Self::Head => b')',
            Self::Array | Self::Index => b']',
            Self::Top | Self::Concise | Self::ClassHead | Self::FunctionHead => 0,
        }
    }

    /// Holds statements.
    pub(super) fn has_statements(self) -> bool {
        matches!(self, Self::Top | Self::Block | Self::Function)
    }
}

/// The meaning of a name that stands for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A use of a variable.
    Use,
    /// A declaration.
    Declared,
    /// A use, unless the bracket turns out to be a pattern.
    Candidate,
}

pub(super) const ASYNC: u16 = 1;
pub(super) const GENERATOR: u16 = 2;
/// The parentheses behind `async`.
pub(super) const AFTER_ASYNC: u16 = 4;
/// Declarations are exports.
pub(super) const EXPORTS: u16 = 8;
/// A pattern or literal within no other one.
pub(super) const ROOT: u16 = 16;
/// Its scope ends with it.
pub(super) const SCOPE: u16 = 32;
/// The call is an import.
pub(super) const IMPORT: u16 = 64;
/// The argument of `getUserMedia`.
pub(super) const MEDIA: u16 = 128;
/// A function or class that is the default export and has no name.
pub(super) const DEFAULT: u16 = 256;
/// The parentheses of `for`.
pub(super) const FOR: u16 = 512;

/// Something that is open.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Expectations behind it.
    pub(super) after: State,
    pub(super) role: Role,
    pub(super) flags: u16,
    /// Conditional expressions that wait for their colon.
    pub(super) conditions: u32,
    /// Its first byte.
    pub(super) open: usize,
    /// The innermost scope.
    pub(super) scope: usize,
    /// The scope of the innermost function, in which `var` declares. That of the whole text is 0.
    pub(super) function: usize,
    /// The scope in which its names are declared.
    pub(super) target: usize,
    /// The number of candidates when it was opened.
    pub(super) candidates: usize,
}

impl Frame {
    /// The whole text.
    pub(super) const TOP: Self = Self {
        kind: Kind::Top,
        after: State::Start,
        role: Role::Use,
        flags: 0,
        conditions: 0,
        open: 0,
        scope: 0,
        function: 0,
        target: 0,
        candidates: 0,
    };
}
