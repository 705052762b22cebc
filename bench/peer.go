package bench

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

//go:embed peers.py
var peersSource string

// peer is a PyTorch process that runs the same networks.
type peer struct {
	process *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	said    *bytes.Buffer // standard error
}

// command is a line that peers.py reads.
type command struct {
	Do      string  `json:"do"`
	Net     string  `json:"net,omitempty"`
	Size    int     `json:"size,omitempty"`
	Batch   int     `json:"batch,omitempty"`
	Threads int     `json:"threads,omitempty"`
	Inputs  []any   `json:"inputs,omitempty"`
	Shapes  [][]int `json:"shapes,omitempty"`
}

// reply is its answer; which fields are set depends on the command.
type reply struct {
	times
	Peak   int64     `json:"peak"`
	Torch  string    `json:"torch"`
	Shape  []int     `json:"shape"`
	Values []float64 `json:"values"`
	Error  string    `json:"error"`

	Parts   map[string]times `json:"parts"`   // of a tuning step
	Highest int64            `json:"highest"` // anonymous memory during it
}

// startPeer starts PyTorch on a checkpoint. Cancelling ctx ends it.
func startPeer(ctx context.Context, python, checkpoint string) (*peer, error) {
	arguments := []string{"-c", peersSource}
	if checkpoint != "" {
		arguments = append(arguments, "--weights", checkpoint)
	}
	p := &peer{process: exec.CommandContext(ctx, python, arguments...), said: new(bytes.Buffer)}
	p.process.Stderr = p.said
	var err error
	if p.in, err = p.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReaderSize(out, 1<<20)
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("PyTorch: %w; name an interpreter that has it with --python", err)
	}
	return p, nil
}

// ask sends a command and waits for the answer.
func (p *peer) ask(c command) (reply, error) {
	line, err := json.Marshal(c)
	if err != nil {
		return reply{}, err
	}
	_, err = p.in.Write(append(line, '\n'))
	var r reply
	if err == nil {
		if line, err = p.out.ReadBytes('\n'); err == nil {
			err = json.Unmarshal(line, &r)
		}
	}
	if err != nil {
		return reply{}, fmt.Errorf("PyTorch: %s: %w", c.Do, p.ended(err))
	}
	if r.Error != "" {
		return reply{}, fmt.Errorf("PyTorch: %s: %s", c.Do, r.Error)
	}
	return r, nil
}

// ended waits for the process and tells the last line that it printed, which says why it ended.
func (p *peer) ended(err error) error {
	p.in.Close()
	err = errors.Join(err, p.process.Wait())
	lines := strings.Split(strings.TrimSpace(p.said.String()), "\n")
	return fmt.Errorf("%w; it said: %s", err, lines[len(lines)-1])
}

// stop ends the process; it may have ended before.
func (p *peer) stop() {
	p.in.Close()
	_ = p.process.Wait()
}

// torchVersion finds out whether the interpreter has PyTorch before anything is measured.
func torchVersion(ctx context.Context, python string) (string, error) {
	p, err := startPeer(ctx, python, "")
	if err != nil {
		return "", err
	}
	defer p.stop()
	r, err := p.ask(command{Do: "report"})
	if err != nil {
		return "", fmt.Errorf("%w; name an interpreter that has PyTorch with --python", err)
	}
	return r.Torch, nil
}
