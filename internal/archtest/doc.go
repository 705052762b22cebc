// Package archtest holds the tests of the program's shape: which room imports which, and how long a file may be.
// See docs/architecture.md for the reasons.
package archtest
