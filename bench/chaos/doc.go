// Package chaos kills servers and workers while clients send jobs, and then looks at what is left: every job that was accepted must have run, once,
// in order, and left one whole file. It sees the program from outside only: processes, HTTP, files.
package chaos
