// Package pystring gives strings the behaviour of Python's str and re, which the text nodes of workflows were written for.
//
// Positions count code points. Patterns are in Python's syntax and are translated to the .NET dialect of regexp2, a
// backtracking engine: people write look-arounds and back-references, which Go's regexp does not have. A match that
// takes longer than MatchTimeout is an error.
package pystring
