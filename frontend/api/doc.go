// Package api is the HTTP and websocket surface: what ComfyUI's clients expect of it, and our own routes under /oneactor/.
//
// A Server joins a host, an engine and a queue. Files are by theme; each registers its routes in a method of Server that New calls (prompt.go,
// view.go, …). Requests and answers are ComfyUI's, in JSON values, types and key names; where a rule looks odd, it is one that clients
// can observe. Bodies are written in Python's style of JSON, as ComfyUI writes them.
//
// Middleware stands in middleware.go in its order, each in a file of its own: origin.go, token.go, limits.go, compress.go, cache_control.go. Paths
// without a route are files of the front end (static.go).
//
// To add a route, write a handler func(*gin.Context) error, register it with routes.get or its like, and add a row to openapi_routes.go.
package api
