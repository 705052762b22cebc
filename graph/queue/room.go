package queue

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// ErrNoRoom is wrapped by the error of a submission when the disk of the journal is nearly full.
var ErrNoRoom = errors.New("the disk is nearly full")

// roomForJobs is what a disk must have left for a job to be accepted. Jobs that were accepted need some of it to end: a JetStream server whose disk is
// full stops altogether.
const roomForJobs = 64 << 20

// Room says whether the journal's disk has room for jobs.
func (e *Embedded) Room() error {
	var st unix.Statfs_t
	if err := unix.Statfs(e.dir, &st); err != nil {
		return nil // a file system that does not tell
	}
	if free := int64(st.Bavail) * int64(st.Bsize); free < roomForJobs {
		return fmt.Errorf("%w: %s has %d MB left, jobs are accepted from %d MB; delete something, or choose another --user-directory", ErrNoRoom, e.dir, free>>20, roomForJobs>>20)
	}
	return nil
}
