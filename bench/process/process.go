// Package process runs this program's own server and workers beside a measurement, and kills them.
package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a running server or worker.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it has ended
	err   error

	mu  sync.Mutex
	log []string // the last lines
}

// Start runs this program with arguments and calls line for each line it logs.
func Start(ctx context.Context, line func(string), args ...string) (*Process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &Process{cmd: exec.CommandContext(ctx, self, args...), ended: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the measurement, which then ends it
	out, in := io.Pipe()
	p.cmd.Stderr, p.cmd.Stdout = in, in
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(out, line)
	go func() {
		p.err = p.cmd.Wait()
		in.Close()
		close(p.ended)
	}()
	return p, nil
}

func (p *Process) read(out io.Reader, line func(string)) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(p.log, lines.Text())
		p.log = p.log[max(0, len(p.log)-40):]
		p.mu.Unlock()
		if line != nil {
			line(lines.Text())
		}
	}
	_, _ = io.Copy(io.Discard, out) // a line that is too long: the program must not wait for us
}

// Log is the last lines that the process wrote.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.log, "\n")
}

// Kill ends the process at once, as a crash does, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may be gone already
	<-p.ended
}

// Stop asks the process to end, and waits.
func (p *Process) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.ended
	return p.err
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// PID is the number of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// greeting is in front of the address in the server's log.
const greeting = "To see the GUI go to: "

// Serve starts a server and returns when it answers, and how long that took from the start of the process.
func Serve(ctx context.Context, args ...string) (p *Process, url string, took time.Duration, err error) {
	address := make(chan string, 1)
	start := time.Now()
	p, err = Start(ctx, func(line string) {
		if at, ok := strings.CutPrefix(line, greeting); ok {
			select {
			case address <- at:
			default:
			}
		}
	}, append([]string{"serve"}, args...)...)
	if err != nil {
		return nil, "", 0, err
	}
	select {
	case url = <-address:
	case <-p.Ended():
		return nil, "", 0, fmt.Errorf("the server ended at once: %w\n%s", p.err, p.Log())
	case <-ctx.Done():
		p.Kill()
		return nil, "", 0, ctx.Err()
	}
	answer, err := http.Get(url + "/prompt")
	if err != nil {
		p.Kill()
		return nil, "", 0, err
	}
	answer.Body.Close()
	return p, url, time.Since(start), nil
}
