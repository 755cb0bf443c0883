/// An expression and the offset it starts at.
struct Expression {
  let at: Int
  let node: Node

  indirect enum Node {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string([FormattedPart])
    case name(String)
    case list([Element])
    case tuple([Element])
    case set([Element])
    case dictionary([Entry])
    case comprehension(Comprehension)
    /// Operators of equal rank from left to right; kept flat so that long sums don't nest.
    case chain(Expression, [Link])
    case power(Expression, Expression, at: Int)
    case unary(String, Expression)
    case not(Expression)
    case comparison(Expression, [Link])
    case and([Expression])
    case or([Expression])
    case conditional(condition: Expression, then: Expression, otherwise: Expression)
    case postfix(Expression, [Postfix])
  }

  /// An operator with its right operand.
  struct Link {
    let symbol: String
    let at: Int
    let operand: Expression
  }

  /// An item of a display, perhaps `*item`.
  struct Element {
    let isStarred: Bool
    let value: Expression
  }

  /// `key: value`, or `**value` without a key.
  struct Entry {
    let key: Expression?
    let value: Expression
  }

  struct Comprehension {
    enum Kind { case list, set, dictionary, generator }
    let kind: Kind
    /// The key of a dictionary's entry.
    let key: Expression?
    let value: Expression
    let clauses: [Clause]
  }

  struct Clause {
    let target: Target
    let sequence: Expression
    let conditions: [Expression]
  }

  enum Postfix {
    case attribute(String, at: Int)
    case subscription(Expression, at: Int)
    case slice(Expression?, Expression?, Expression?, at: Int)
    case call([Argument], at: Int)
  }

  struct Argument {
    enum Kind {
      case positional, starred
      case keyword(String)
      case doubleStarred
    }
    let kind: Kind
    let value: Expression
    let at: Int
  }

  /// A piece of a string, f-strings being split at their fields.
  enum FormattedPart {
    case text(String)
    case field(Expression, conversion: Character?, spec: [FormattedPart])
  }
}

/// What can be assigned to.
struct Target {
  let at: Int
  let node: Node

  indirect enum Node {
    case name(String)
    /// `container[key]`
    case item(Expression, Expression)
    /// `a, *b`: which of the names takes the rest, if any.
    case several([Target], starred: Int?)
  }
}

struct Statement {
  let at: Int
  let node: Node

  indirect enum Node {
    case expression(Expression)
    case assign([Target], Expression)
    case augmented(Target, String, Expression)
    case delete([Target])
    /// Names to bind and the modules or functions they stand for.
    case imports([(name: String, native: PyValue)])
    case branch([(condition: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Target, Expression, body: [Statement], otherwise: [Statement])
    case pass
    case `break`
    case `continue`
  }
}
