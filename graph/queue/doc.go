// Package queue keeps jobs so that a crash loses none: what was accepted runs, in order, and its outcome is kept.
//
// Everything that happens to a job is a record in a journal, an append-only log of groups of records that all processes of a cluster
// read in the same order. The state (state.go) is a function of that log alone: a claim of a job that someone else has is a record without effect, so
// whoever reads the log knows who won, and no locks are needed. Records that come in while an append is on its way share the next one,
// and so one sync of the disk (commit.go).
//
//	Submit → accept → claim → reserve (names of files) → finish
//	                  │  ↑
//	           expire or release: the worker died or is leaving; the job waits again, at most MaxTries times
//
// The journal is a NATS JetStream stream (nats.go), in this process by default. The texts of jobs and outcomes stay there and are
// read when they are asked for; memory holds an index of about 300 bytes per job. A snapshot of the index bounds what is read at the start.
//
// Workers (worker.go) take the head of the queue, renew their lease by heartbeats, and hand what they have done to the journal. What a job is,
// the queue does not know: a prompt and its outcome are bytes.
package queue
