package pack

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Bounds on what a pack may do.
const (
	longestLine = 16 << 20        // of a message, in bytes
	keptLines   = 20              // of its errors, for messages
	grace       = 3 * time.Second // to answer a request that was cancelled
)

// process is a running pack.
type process struct {
	name    string
	cmd     *exec.Cmd
	in      io.WriteCloser
	lines   chan message  // what it says; closed when it ends
	quit    chan struct{} // closed when nobody listens any more
	once    sync.Once
	ended   chan struct{} // closed when it has ended and err is set
	err     error
	mu      sync.Mutex
	errors  []string // the last lines of its standard error
	writing sync.Mutex
	nodes   json.RawMessage // its schema
}

// message is one line of the protocol, in either direction.
type message struct {
	Type     string          `json:"type"`
	ID       int64           `json:"id,omitempty"`
	Protocol int             `json:"protocol,omitempty"`
	Class    string          `json:"class,omitempty"`
	Node     string          `json:"node,omitempty"`
	Folder   string          `json:"folder,omitempty"`
	Inputs   json.RawMessage `json:"inputs,omitempty"`
	Outputs  json.RawMessage `json:"outputs,omitempty"`
	UI       json.RawMessage `json:"ui,omitempty"`
	Nodes    json.RawMessage `json:"nodes,omitempty"`
	Value    json.RawMessage `json:"value,omitempty"`
	Max      int             `json:"max,omitempty"`
	Message  string          `json:"message,omitempty"`
	Input    string          `json:"input,omitempty"`
	Handles  []string        `json:"handles,omitempty"`
}

// start runs the command of a pack in its folder, in a group of processes of its own, so that what it starts ends with it.
func start(name, dir string, m manifest) (*process, error) {
	program := m.Command[0]
	if strings.ContainsRune(program, '/') && !filepath.IsAbs(program) {
		program = filepath.Join(dir, program)
	}
	cmd := exec.Command(program, m.Command[1:]...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	problems, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("its command %q cannot be started: %w", strings.Join(m.Command, " "), err)
	}
	p := &process{name: name, cmd: cmd, in: in, lines: make(chan message, 16), quit: make(chan struct{}), ended: make(chan struct{})}
	var reading sync.WaitGroup
	reading.Go(func() { p.readMessages(out) })
	reading.Go(func() { p.readErrors(problems) })
	go func() {
		reading.Wait() // before Wait, which closes the pipes
		p.err = p.ending(cmd.Wait())
		close(p.ended)
	}()
	return p, nil
}

// readMessages reads lines of JSON; other lines are what the program prints, and go to the log.
func (p *process) readMessages(out io.Reader) {
	defer close(p.lines)
	s := bufio.NewScanner(out)
	s.Buffer(nil, longestLine)
	for s.Scan() {
		var m message
		if err := json.Unmarshal(s.Bytes(), &m); err != nil || m.Type == "" {
			p.note(s.Text())
			continue
		}
		select {
		case p.lines <- m:
		case <-p.quit:
		}
	}
	if err := s.Err(); err != nil && !errors.Is(err, os.ErrClosed) {
		p.note(fmt.Sprintf("oneactor: a line of its output cannot be read: %v", err))
		p.kill()
		_, _ = io.Copy(io.Discard, out) // what is left, until it ends
	}
}

func (p *process) readErrors(problems io.Reader) {
	r := bufio.NewReader(problems)
	for {
		line, err := r.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			p.note(line)
		}
		if err != nil {
			return
		}
	}
}

// note keeps a line for messages and tells it.
func (p *process) note(line string) {
	if len(line) > 1000 {
		line = line[:1000] + "…"
	}
	slog.Info("node pack "+p.name, "says", line)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errors = append(p.errors, line)
	p.errors = p.errors[max(0, len(p.errors)-keptLines):]
}

// ending says how the program ended, with the last that it said.
func (p *process) ending(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	how := "it ended"
	if err != nil {
		how = err.Error()
	}
	if len(p.errors) > 0 {
		return fmt.Errorf("the program of the pack stopped (%s); the last it said:\n%s", how, strings.Join(p.errors, "\n"))
	}
	return fmt.Errorf("the program of the pack stopped (%s)", how)
}

// send writes one message.
func (p *process) send(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	p.writing.Lock()
	defer p.writing.Unlock()
	if _, err = p.in.Write(append(line, '\n')); err != nil {
		// A broken pipe says nothing; how it ended does.
		p.kill()
		<-p.ended
		return p.err
	}
	return nil
}

// kill ends the program and all it started.
func (p *process) kill() {
	p.once.Do(func() { close(p.quit) })
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}

// stop asks the program to end by closing its input, and ends it where it does not.
func (p *process) stop() {
	p.once.Do(func() { close(p.quit) })
	_ = p.in.Close()
	select {
	case <-p.ended:
	case <-time.After(grace):
		p.kill()
		<-p.ended
	}
}

// answer waits for the message that answers a request; others of it are given to on. A cancelled request is told so, and a program that
// does not answer then is ended.
func (p *process) answer(ctx context.Context, id int64, on func(message)) (message, error) {
	done := ctx.Done()
	var late <-chan time.Time
	for {
		select {
		case m, ok := <-p.lines:
			switch {
			case !ok:
				<-p.ended
				return message{}, errors.Join(context.Cause(ctx), p.err)
			case m.ID != id && m.Type != "schema":
			case m.Type == "progress":
				on(m)
			case ctx.Err() != nil:
				return message{}, context.Cause(ctx)
			default:
				return m, nil
			}
		case <-done:
			done = nil
			late = time.After(grace)
			if err := p.send(message{Type: "cancel", ID: id}); err != nil {
				return message{}, context.Cause(ctx)
			}
		case <-late:
			p.kill()
			<-p.ended
			return message{}, context.Cause(ctx)
		}
	}
}
