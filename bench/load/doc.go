// Package load measures a server from outside, ours or ComfyUI: how many prompts it accepts, how fast it answers, how it carries many clients.
//
// Requests are written to sockets as they are, so that the measuring side takes as little of the machine as it can. Every figure is the median
// of several rounds. What ComfyUI did on the machine where the project was planned stands beside ours where no other server is given.
package load
