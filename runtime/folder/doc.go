// Package folder knows where things lie on disk: model files by kind, input pictures, output and temporary files.
//
// A Layout is built once from a Config. A key ("checkpoints", "loras", …) names a kind of model and maps to directories;
// List gives the names a drop-down offers, Find turns one of them into a path. Names use the separator of the operating
// system and never leave their root, whatever they contain. Nothing is read before it is asked for, and lists stay cached
// until a directory changes.
//
// Results are written with Save: a name with a counter that never replaces an existing file, complete or not there at all.
//
// The package knows the layout only; what is inside the files is the business of weights and imaging. To add a kind of
// model, add a row to kinds.
package folder
