package load

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

const manySockets = 1000

// raiseFileLimit lets this process hold so many connections.
func raiseFileLimit(n uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= n {
		return nil
	}
	if limit.Max < n {
		return fmt.Errorf("a process may open %d files; %d are needed: raise it with ulimit -n", limit.Max, n)
	}
	limit.Cur = n
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// crowd is many websocket clients. heard gets the time of the first status message that each hears after it was asked to listen.
type crowd struct {
	conns []*websocket.Conn
	heard chan time.Time
	mu    sync.Mutex
	open  []bool // clients that still wait for a message
	ended sync.WaitGroup
}

func (l *lab) gather(n int) (*crowd, error) {
	c := &crowd{heard: make(chan time.Time, n), open: make([]bool, n)}
	for i := range n {
		conn, _, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(l.url, "http")+"/ws?clientId=crowd"+strconv.Itoa(i), nil)
		if err != nil {
			c.leave()
			return nil, fmt.Errorf("websocket %d: %w", i, err)
		}
		if _, _, err := conn.ReadMessage(); err != nil { // the greeting
			c.leave()
			return nil, err
		}
		c.conns = append(c.conns, conn)
		c.ended.Go(func() { c.listen(i, conn) })
	}
	return c, nil
}

func (c *crowd) listen(i int, conn *websocket.Conn) {
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return
		}
		if !bytes.Contains(text, []byte(`"status"`)) {
			continue
		}
		at := time.Now()
		c.mu.Lock()
		waited := c.open[i]
		c.open[i] = false
		c.mu.Unlock()
		if waited {
			c.heard <- at
		}
	}
}

func (c *crowd) leave() {
	for _, conn := range c.conns {
		conn.Close()
	}
	c.ended.Wait()
}

// sockets measures how long a change takes to reach all of many clients.
func (l *lab) sockets(ctx context.Context) ([]line, error) {
	c, err := l.gather(manySockets)
	if err != nil {
		return nil, err
	}
	defer c.leave()
	var took []time.Duration
	lost := 0
	for range l.Rounds {
		if err := l.idle(ctx); err != nil {
			return nil, err
		}
		time.Sleep(200 * time.Millisecond) // what was sent before has arrived
		c.mu.Lock()
		for i := range c.open {
			c.open[i] = true
		}
		c.mu.Unlock()
		start := time.Now()
		answer, err := http.Post(l.url+"/prompt", "application/json", bytes.NewReader(l.prompt("nobody")))
		if err != nil {
			return nil, err
		}
		answer.Body.Close()
		last, end := start, time.After(10*time.Second)
		n := 0
	wait:
		for ; n < manySockets; n++ {
			select {
			case at := <-c.heard:
				if at.After(last) {
					last = at
				}
			case <-end:
				break wait
			}
		}
		lost += manySockets - n
		took = append(took, last.Sub(start))
	}
	return []line{{fmt.Sprintf("a change reaches %d websockets", manySockets), fmt.Sprintf("%.0f ms, %d lost", float64(median(took).Microseconds())/1000, lost), "280 ms"}}, nil
}

// memory is what the server holds with many clients and a full history.
func (l *lab) memory(ctx context.Context) ([]line, error) {
	if l.process == nil {
		return nil, nil // another machine, or another kind of process
	}
	c, err := l.gather(manySockets)
	if err != nil {
		return nil, err
	}
	defer c.leave()
	if err := l.fill(ctx, 10_000); err != nil {
		return nil, err
	}
	select {
	case <-time.After(12 * time.Second): // a server cleans up some seconds after its jobs, ComfyUI as well as ours
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	bytes, err := resident(l.process.PID())
	return []line{{"resident memory, 1000 clients, 10,000 jobs in history", fmt.Sprintf("%.0f MB", float64(bytes)/1e6), ""}}, err
}

// resident is the memory of a process that is in RAM.
func resident(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for row := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(row, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("process %d does not say how much memory it has", pid)
}

// pending compares how fast jobs run with many waiting and with none.
func (l *lab) pending(ctx context.Context) ([]line, error) {
	if l.process == nil {
		return nil, nil // ComfyUI has no pause
	}
	few, err := l.drainTime(ctx, 1000)
	if err != nil {
		return nil, err
	}
	many, err := l.drainTime(ctx, 11_000)
	if err != nil {
		return nil, err
	}
	return []line{{"a job started with 1,000 … 11,000 waiting", fmt.Sprintf("%.0f … %.0f us", few*1e6, many*1e6), ""}}, nil
}

// drainTime queues n prompts while the queue is paused, and returns the seconds that each of the first 1000 takes then.
func (l *lab) drainTime(ctx context.Context, n int64) (float64, error) {
	if err := l.idle(ctx); err != nil {
		return 0, err
	}
	if err := l.pause(true); err != nil {
		return 0, err
	}
	target := l.serial.Load() + n
	for l.serial.Load() < target {
		if _, err := l.post(ctx, l.Clients); err != nil {
			return 0, err
		}
	}
	before, err := l.remaining()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := l.pause(false); err != nil {
		return 0, err
	}
	for ctx.Err() == nil {
		now, err := l.remaining()
		if err != nil {
			return 0, err
		}
		if done := before - now; done >= 1000 || now == 0 {
			each := time.Since(start).Seconds() / float64(done)
			answer, err := http.Post(l.url+"/queue", "application/json", strings.NewReader(`{"clear": true}`))
			if err != nil {
				return 0, err
			}
			answer.Body.Close()
			return each, l.idle(ctx)
		}
		time.Sleep(time.Millisecond)
	}
	return 0, ctx.Err()
}

func (l *lab) pause(on bool) error {
	answer, err := http.Post(l.url+"/oneactor/queue", "application/json", strings.NewReader(fmt.Sprintf(`{"paused": %v}`, on)))
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("pausing the queue: %s", answer.Status)
	}
	return nil
}
