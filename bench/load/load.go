package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneactor/oneactor/bench/process"
)

// Options of Run; zero values are defaults.
type Options struct {
	URL     string // a server that runs; "" starts one
	Clients int    // default 20
	Rounds  int    // default 3
	Seconds float64
	Only    []string
}

// Parts are the names that Options.Only may hold.
func Parts() []string {
	return []string{"start", "prompts", "one", "info", "history", "queue", "sockets", "memory", "pending"}
}

// lab is a server to measure.
type lab struct {
	Options
	url     string
	process *process.Process // nil for a server that ran already
	started []time.Duration
	dir     string
	serial  atomic.Int64
	out     io.Writer
}

// line is a figure: ours, its unit, and what ComfyUI did.
type line struct{ what, ours, comfy string }

// Run measures and prints a table in Markdown.
func Run(ctx context.Context, o Options, out io.Writer) (err error) {
	for _, name := range o.Only {
		if !slices.Contains(Parts(), name) {
			return fmt.Errorf("no part %q; there are %s", name, strings.Join(Parts(), ", "))
		}
	}
	if o.Clients <= 0 {
		o.Clients = 20
	}
	if o.Rounds <= 0 {
		o.Rounds = 3
	}
	if o.Seconds <= 0 {
		o.Seconds = 2
	}
	l := &lab{Options: o, url: o.URL, out: out}
	if err := raiseFileLimit(4096); err != nil {
		return err
	}
	if l.dir, err = os.MkdirTemp("", "oneactor-load-*"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(l.dir)) }()
	if o.URL == "" {
		if err := l.start(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, l.process.Stop()) }()
	}
	fmt.Fprintf(out, "| what | %s | ComfyUI, as measured for the plan |\n|---|---|---|\n", l.url)
	for _, part := range []struct {
		name string
		run  func(context.Context) ([]line, error)
	}{
		{"start", l.startUp}, {"one", l.oneClient}, {"prompts", l.prompts}, {"info", l.objectInfo}, {"queue", l.queueList}, {"history", l.history},
		{"sockets", l.sockets}, {"memory", l.memory}, {"pending", l.pending},
	} {
		if len(o.Only) > 0 && !slices.Contains(o.Only, part.name) {
			continue
		}
		lines, err := part.run(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		for _, x := range lines {
			fmt.Fprintf(out, "| %s | %s | %s |\n", x.what, x.ours, x.comfy)
		}
	}
	return nil
}

// start starts a server of our own on a folder of its own, a few times to see how long it takes.
func (l *lab) start(ctx context.Context) error {
	for range l.Rounds {
		if l.process != nil {
			if err := l.process.Stop(); err != nil {
				return err
			}
		}
		p, url, took, err := process.Serve(ctx, "--port", "0", "--base-directory", l.dir)
		if err != nil {
			return err
		}
		l.process, l.url = p, url
		l.started = append(l.started, took)
	}
	return nil
}

func (l *lab) startUp(context.Context) ([]line, error) {
	if len(l.started) == 0 {
		return nil, nil
	}
	return []line{{"start to first answer", fmt.Sprintf("%.3f s", median(l.started).Seconds()), "9 s"}}, nil
}

// prompt is a prompt of two nodes that is different each time, so that nothing comes from a cache.
func (l *lab) prompt(client string) []byte {
	n := l.serial.Add(1)
	return fmt.Appendf(nil, `{"client_id": %q, "prompt": {"1": {"class_type": "EmptyLatentImage", "inputs": {"width": %d, "height": 64, "batch_size": 1}}, `+
		`"2": {"class_type": "PreviewAny", "inputs": {"source": ["1", 0], "nonce": %d}}}}`, client, 64+8*(n%8), n)
}

// post sends prompts from n clients, each waiting for its answer, and returns how many were accepted in a second.
func (l *lab) post(ctx context.Context, n int) (float64, error) {
	return l.many(ctx, n, l.Seconds, func(c *client, i int) error {
		status, body, err := c.do(c.request(http.MethodPost, "/prompt", l.prompt(fmt.Sprint("load", i))))
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("POST /prompt: status %d: %s", status, body)
		}
		return err
	})
}

// many lets n clients do something again and again for a while, and returns how often in a second.
func (l *lab) many(ctx context.Context, n int, seconds float64, do func(c *client, i int) error) (float64, error) {
	clients := make([]*client, n)
	for i := range clients {
		c, err := dial(l.url)
		if err != nil {
			return 0, err
		}
		defer c.close()
		clients[i] = c
	}
	var count atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	start := time.Now()
	end := start.Add(time.Duration(seconds * float64(time.Second)))
	for i, c := range clients {
		all.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				if err := do(c, i); err != nil {
					failed.Store(err)
					return
				}
				count.Add(1)
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, err
	}
	return float64(count.Load()) / time.Since(start).Seconds(), ctx.Err()
}

// idle waits until no prompt waits or runs.
func (l *lab) idle(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := l.remaining()
		if err != nil || n == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond) // any server can be asked; ComfyUI tells only clients of websockets
	}
	return ctx.Err()
}

func (l *lab) remaining() (int, error) {
	answer, err := http.Get(l.url + "/prompt")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var status struct {
		Info struct {
			Remaining int `json:"queue_remaining"`
		} `json:"exec_info"`
	}
	err = json.NewDecoder(answer.Body).Decode(&status)
	return status.Info.Remaining, err
}

// prompts measures what many clients get in, and what runs.
func (l *lab) prompts(ctx context.Context) ([]line, error) {
	var accepted, ran []float64
	for range l.Rounds {
		start := time.Now()
		before := l.serial.Load()
		rate, err := l.post(ctx, l.Clients)
		if err != nil {
			return nil, err
		}
		if err := l.idle(ctx); err != nil {
			return nil, err
		}
		accepted = append(accepted, rate)
		ran = append(ran, float64(l.serial.Load()-before)/time.Since(start).Seconds())
	}
	return []line{
		{fmt.Sprintf("prompts accepted, %d clients", l.Clients), fmt.Sprintf("%.0f/s", median(accepted)), "275-294/s, not durable"},
		{fmt.Sprintf("prompts run to their end, %d clients", l.Clients), fmt.Sprintf("%.0f/s", median(ran)), ""},
	}, nil
}

// oneClient measures one client beside what the disk can do, in turn.
func (l *lab) oneClient(ctx context.Context) ([]line, error) {
	var accepted, syncs, ratios []float64
	for range l.Rounds {
		s, err := l.syncs()
		if err != nil {
			return nil, err
		}
		rate, err := l.post(ctx, 1)
		if err != nil {
			return nil, err
		}
		if err := l.idle(ctx); err != nil {
			return nil, err
		}
		accepted, syncs, ratios = append(accepted, rate), append(syncs, s), append(ratios, rate/s)
	}
	return []line{
		{"prompts accepted, 1 client", fmt.Sprintf("%.0f/s", median(accepted)), ""},
		{"appends of 600 bytes that this disk syncs", fmt.Sprintf("%.0f/s", median(syncs)), ""},
		{"… the first by the second", fmt.Sprintf("%.2f", median(ratios)), ""},
	}, nil
}

// syncs is how many appends of 600 bytes the disk of the server's folder syncs in a second.
func (l *lab) syncs() (float64, error) {
	f, err := os.Create(filepath.Join(l.dir, "syncs"))
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	data := make([]byte, 600)
	n, start := 0, time.Now()
	for time.Since(start).Seconds() < l.Seconds/2 {
		if _, err := f.Write(data); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// requests measures how often a page can be asked for.
func (l *lab) requests(ctx context.Context, path string) (float64, error) {
	var rates []float64
	for range l.Rounds {
		rate, err := l.many(ctx, 4, l.Seconds, func(c *client, _ int) error {
			status, _, err := c.do(c.request(http.MethodGet, path, nil))
			if err == nil && status != http.StatusOK {
				err = fmt.Errorf("GET %s: status %d", path, status)
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		rates = append(rates, rate)
	}
	return median(rates), nil
}

func (l *lab) objectInfo(ctx context.Context) ([]line, error) {
	rate, err := l.requests(ctx, "/object_info")
	return []line{{"/object_info", fmt.Sprintf("%.0f/s", rate), "1-4/s"}}, err
}

func (l *lab) queueList(ctx context.Context) ([]line, error) {
	rate, err := l.requests(ctx, "/queue")
	return []line{{"/queue", fmt.Sprintf("%.0f/s", rate), "3,200-5,300/s"}}, err
}

// history asks for the newest 2000 entries.
func (l *lab) history(ctx context.Context) ([]line, error) {
	if err := l.fill(ctx, 2000); err != nil {
		return nil, err
	}
	rate, err := l.requests(ctx, "/history?max_items=2000")
	return []line{{"/history, 2000 entries", fmt.Sprintf("%.0f/s", rate), "6-7/s"}}, err
}

// fill runs prompts until so many have run.
func (l *lab) fill(ctx context.Context, n int64) error {
	for l.serial.Load() < n {
		if _, err := l.post(ctx, l.Clients); err != nil {
			return err
		}
	}
	return l.idle(ctx)
}

func median[T ~int64 | ~float64](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
