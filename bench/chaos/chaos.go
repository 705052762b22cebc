package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/oneactor/oneactor/bench/process"
)

// Options of Run; zero values are defaults.
type Options struct {
	Jobs    int // default 1000
	Clients int // default 20
	Kills   int // default 50
	Workers int // processes of their own; 0 means that the server runs the jobs
	Seed    uint64
}

// lease is how long a killed worker's job waits.
const lease = "2s"

// acceptance is the time in which a server mostly accepts a batch of jobs.
const acceptance = 4 * time.Millisecond

// A job saves one picture of its own colour, enlarged to this side, and once more as it is: work of tens of milliseconds with two files.
const (
	side   = 1024
	perJob = 2
)

// patience is how long a job may take at most, the lease of a lost one included.
const patience = time.Minute

// first is how many jobs show how long one takes.
const first = 8

// trial is one run.
type trial struct {
	Options
	dir        string
	port, nats int
	url        string

	mu      sync.Mutex
	rng     *rand.Rand
	server  *process.Process
	workers []*process.Process
	sent    []sent
	started []time.Duration // how long the server took to answer after a kill

	inFlight atomic.Int64  // requests that have no answer yet
	each     time.Duration // how long a job runs
	allowed  chan struct{} // a job may be sent for each of these
	given    int

	ended     int // jobs that had ended before the last kill
	kills     int
	killed    map[string]int
	accepting int // kills of a server with requests in flight
}

// sent is a job that a client sent.
type sent struct {
	id     string
	colour int
	sure   bool // the server said that it has it
}

// Run makes trouble, prints what came of it, and returns an error where a promise was broken.
func Run(ctx context.Context, o Options, out io.Writer) (err error) {
	if o.Jobs <= 0 {
		o.Jobs = 1000
	}
	if o.Clients <= 0 {
		o.Clients = 20
	}
	if o.Kills <= 0 {
		o.Kills = 50
	}
	if o.Seed == 0 {
		o.Seed = uint64(time.Now().UnixNano())
	}
	t := &trial{Options: o, rng: rand.New(rand.NewPCG(o.Seed, 1)), killed: map[string]int{}}
	if t.dir, err = os.MkdirTemp("", "oneactor-chaos-*"); err != nil {
		return err
	}
	defer func() {
		t.stop()
		if err == nil {
			err = os.RemoveAll(t.dir)
		} else {
			fmt.Fprintf(out, "The folder is left: %s\n", t.dir)
		}
	}()
	begin := time.Now()
	if err := t.start(ctx); err != nil {
		return err
	}
	if err := t.trouble(ctx); err != nil {
		return err
	}
	if err := t.idle(ctx); err != nil {
		return err
	}
	found, err := t.look(ctx)
	if err != nil {
		return err
	}
	r := found.judge(t.sent, o.Workers == 0)
	r.hits = hits{kills: t.kills, accepting: t.accepting, running: found.again(), apart: o.Workers > 0}
	fmt.Fprintf(out, "%d jobs from %d clients, %s; seed %d; %.0f s\n", len(t.sent), o.Clients, t.topology(), o.Seed, time.Since(begin).Seconds())
	fmt.Fprintf(out, "kill -9: %d of the server, %d of workers; the server answered again after %.0f ms (median), %.0f ms at most\n",
		t.killed["server"], t.killed["worker"], ms(quantile(t.started, .5)), ms(quantile(t.started, 1)))
	fmt.Fprint(out, r.String())
	return r.err()
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func (t *trial) topology() string {
	if t.Workers == 0 {
		return "one process that serves and works"
	}
	return fmt.Sprintf("one server, %d workers", t.Workers)
}

// start starts all processes on ports that are free now, which they keep over restarts.
func (t *trial) start(ctx context.Context) error {
	var err error
	if t.port, err = freePort(); err != nil {
		return err
	}
	if t.nats, err = freePort(); err != nil {
		return err
	}
	if err := t.startServer(ctx); err != nil {
		return err
	}
	for range t.Workers {
		w, err := t.startWorker(ctx)
		if err != nil {
			return err
		}
		t.workers = append(t.workers, w)
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (t *trial) startServer(ctx context.Context) error {
	args := []string{"--port", fmt.Sprint(t.port), "--base-directory", t.dir, "--disable-all-custom-nodes", "--lease", lease}
	if t.Workers > 0 {
		args = append(args, "--no-worker", "--cluster-listen", fmt.Sprintf("127.0.0.1:%d", t.nats))
	}
	p, url, took, err := process.Serve(ctx, args...)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.server, t.url = p, url
	t.started = append(t.started, took)
	return nil
}

func (t *trial) startWorker(ctx context.Context) (*process.Process, error) {
	return process.Start(ctx, nil, "worker", "--nats", fmt.Sprintf("nats://127.0.0.1:%d", t.nats), "--base-directory", t.dir, "--disable-all-custom-nodes", "--lease", lease)
}

func (t *trial) stop() {
	for _, w := range t.workers {
		w.Kill()
	}
	if t.server != nil {
		t.server.Kill()
	}
}

// trouble lets clients send and kills processes until all is sent and there were enough kills.
func (t *trial) trouble(all context.Context) error {
	ctx, cancel := context.WithCancel(all)
	defer cancel()
	var clients sync.WaitGroup
	jobs := make(chan int)
	// Clients get as many jobs as there were kills, so that these are spread over all of them.
	t.allowed = make(chan struct{}, t.Jobs)
	for range t.Clients {
		clients.Go(func() {
			for n := range jobs {
				t.send(ctx, n)
			}
		})
	}
	go func() {
		defer close(jobs)
		for n := range t.Jobs {
			select {
			case <-t.allowed:
				jobs <- n
			case <-ctx.Done():
				return
			}
		}
	}()
	begin := time.Now()
	t.give(first)
	if err := t.idle(all); err != nil {
		return err
	}
	t.each = time.Since(begin) / first
	batch := max(1, (t.Jobs-first)/(t.Kills+1))
	for t.kills < t.Kills {
		if err := t.kill(all, batch); err != nil { // what it starts lives on
			return err
		}
	}
	t.give(t.Jobs)
	clients.Wait()
	return ctx.Err()
}

// give lets clients send n jobs more.
func (t *trial) give(n int) {
	for range n {
		if t.given < t.Jobs {
			t.given++
			t.allowed <- struct{}{}
		}
	}
}

// kill sends a batch of jobs, ends a process at a random moment and starts it again. What works is hit in the time that the jobs take; what accepts, within
// the milliseconds in which the batch is accepted. At least one job has ended since the kill before, so that none uses up its three tries.
func (t *trial) kill(ctx context.Context, batch int) error {
	if err := t.progress(ctx); err != nil {
		return err
	}
	t.give(batch)
	t.mu.Lock()
	victim := t.rng.IntN(1 + t.Workers)
	wait := time.Duration(t.rng.Int64N(int64(acceptance)))
	if victim > 0 || t.Workers == 0 && t.rng.IntN(2) == 0 {
		wait = time.Duration(t.rng.Int64N(int64(t.each) * int64(batch) / int64(max(1, t.Workers))))
	}
	t.mu.Unlock()
	select {
	case <-time.After(wait):
	case <-ctx.Done():
		return ctx.Err()
	}
	t.kills++
	if victim == 0 {
		if t.inFlight.Load() > 0 {
			t.accepting++
		}
		t.killed["server"]++
		t.server.Kill()
		return t.startServer(ctx)
	}
	t.killed["worker"]++
	t.workers[victim-1].Kill()
	w, err := t.startWorker(ctx)
	t.workers[victim-1] = w
	return err
}

// progress waits until a job has ended since the last call, or nothing is left to do.
func (t *trial) progress(ctx context.Context) error {
	end := time.Now().Add(patience)
	for ctx.Err() == nil {
		var n struct{ Pending, Running, History int }
		if err := t.get(ctx, "/oneactor/queue", &n); err != nil {
			return err
		}
		if n.History > t.ended || n.Pending+n.Running == 0 {
			t.ended = n.History
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("no job has ended for %s; %d run and %d wait\n%s", patience, n.Running, n.Pending, t.logs())
		}
		time.Sleep(5 * time.Millisecond) // it is polled as clients do
	}
	return ctx.Err()
}

// logs are the last lines of all processes.
func (t *trial) logs() string {
	var b strings.Builder
	fmt.Fprintf(&b, "-- server\n%s\n", t.server.Log())
	for i, w := range t.workers {
		fmt.Fprintf(&b, "-- worker %d\n%s\n", i+1, w.Log())
	}
	return b.String()
}

// send sends job n until a server says that it has it. Each try has an id of its own, so that what became of a lost answer shows.
func (t *trial) send(ctx context.Context, n int) {
	client := &http.Client{Timeout: 30 * time.Second}
	for try := 0; ctx.Err() == nil; try++ {
		s := sent{id: fmt.Sprintf("job-%05d-%d", n, try), colour: n*7 + 1 + try*0x010101&0xffffff}
		body := fmt.Sprintf(`{"prompt_id": %q, "prompt": {"1": {"class_type": "EmptyImage", "inputs": {"width": 16, "height": 16, "batch_size": 1, "color": %d}}, `+
			`"2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "small"}}, `+
			`"3": {"class_type": "ImageScale", "inputs": {"image": ["1", 0], "upscale_method": "nearest-exact", "width": %d, "height": %d, "crop": "disabled"}}, `+
			`"4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "large"}}}}`, s.id, s.colour, side, side)
		t.mu.Lock()
		url := t.url
		t.mu.Unlock()
		t.inFlight.Add(1)
		answer, err := client.Post(url+"/prompt", "application/json", strings.NewReader(body))
		if err != nil && refused(err) {
			t.inFlight.Add(-1)
			time.Sleep(5 * time.Millisecond) // nobody listens: the server is being started
			continue
		}
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
			s.sure = err == nil && answer.StatusCode == http.StatusOK
		}
		t.inFlight.Add(-1)
		t.mu.Lock()
		t.sent = append(t.sent, s)
		t.mu.Unlock()
		if s.sure {
			return
		}
	}
}

// refused reports whether a request did not even reach a server.
func refused(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// idle waits until nothing waits or runs.
func (t *trial) idle(ctx context.Context) error {
	end := time.Now().Add(3 * time.Minute)
	for ctx.Err() == nil {
		var status struct {
			Info struct {
				Remaining int `json:"queue_remaining"`
			} `json:"exec_info"`
		}
		if err := t.get(ctx, "/prompt", &status); err != nil {
			return err
		}
		if status.Info.Remaining == 0 {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%d jobs have not ended in three minutes", status.Info.Remaining)
		}
		time.Sleep(50 * time.Millisecond) // it is polled as clients do
	}
	return ctx.Err()
}

func (t *trial) get(ctx context.Context, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

// output is where the jobs save.
func (t *trial) output() string { return filepath.Join(t.dir, "output") }
