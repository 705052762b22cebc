package api

// Log keeps the last lines of the program's log for clients.
type Log struct{}
