// Package cli is the command line: run, validate, convert, nodes, models, actors, bench, doctor, version.
//
// Results go to stdout, everything else to stderr. A command ends with 0 when it is done, 1 when something failed while it ran, and 2
// when the workflow or the usage is wrong. To add a command, write its file and add it to the list in New.
package cli
