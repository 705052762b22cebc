// Package graph runs typed node graphs: schema, validation, plan, cache, executor, events.
package graph
