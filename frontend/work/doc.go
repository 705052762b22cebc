// Package work runs the jobs of a queue on an engine: what happens goes to clients as messages, the outcome to the history.
//
// A worker and the server's own process use the same Runner. Messages travel on the queue's bus as Message, made ready to be sent where
// they begin, so that a server passes bytes on.
package work
