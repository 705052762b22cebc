package queue

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// TestEmbeddedRestart: what was accepted and what has ended are there after a stop, whether it was orderly or not.
func TestEmbeddedRestart(t *testing.T) {
	dir := t.TempDir()
	start := func() (*Queue, func()) {
		e, err := StartEmbedded(EmbeddedConfig{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		n, err := e.Connect()
		if err != nil {
			t.Fatal(err)
		}
		q, err := Open(t.Context(), Config{Journal: n, Bus: n, Snapshots: true})
		if err != nil {
			t.Fatal(err)
		}
		return q, func() {
			if err := q.Close(); err != nil {
				t.Error(err)
			}
			if err := n.Close(); err != nil {
				t.Error(err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	q, stop := start()
	w := workWith(t, q, WorkerConfig{Local: true, Drain: -1, Run: func(_ context.Context, task *Task) Outcome {
		return Outcome{Status: StatusSuccess, Outputs: []byte("done " + task.ID), Messages: []byte("[]"), Meta: []byte("{}")}
	}})
	submit(t, q, "a", "b")
	eventually(t, q, "done", func() bool { return q.Counts().History == 2 })
	w.stop()
	submit(t, q, "c")
	want := mustSave(t, q)
	if _, err := StartEmbedded(EmbeddedConfig{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another oneactor") {
		t.Errorf("a second server on the folder: %v", err)
	}
	for range 3 { // the first start reads a snapshot, the others too
		stop()
		q, stop = start()
		if got := mustSave(t, q); got != want {
			t.Fatalf("after a restart:\n%s\nwant\n%s", got, want)
		}
		e, _ := q.Entry("b")
		if texts, err := q.EntryTexts(t.Context(), e); err != nil || string(texts.Outputs) != "done b" {
			t.Errorf("outcome %q (%v)", texts.Outputs, err)
		}
	}
	runLocal := workWith(t, q, WorkerConfig{Local: true, Drain: -1, Run: success})
	eventually(t, q, "c done", func() bool { return q.Counts().History == 3 })
	runLocal.stop()
	stop()
}

func TestClusterListen(t *testing.T) {
	for listen, want := range map[string]string{
		"0.0.0.0:0": "--cluster-token", "nonsense": "HOST:PORT", "127.0.0.1:x": "no port", "10.0.0.1:0": "lets other machines in",
	} {
		if _, err := StartEmbedded(EmbeddedConfig{Dir: t.TempDir(), Listen: listen}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("listen on %s: %v, want %q", listen, err, want)
		}
	}
	e, err := StartEmbedded(EmbeddedConfig{Dir: t.TempDir(), Listen: "127.0.0.1:0", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	own, err := e.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if _, err := Connect(NATSConfig{URL: "nats://127.0.0.1:1"}); !errors.Is(err, ErrUnreachable) {
		t.Errorf("no server: error %v, want %v", err, ErrUnreachable)
	}
	if _, err := Connect(NATSConfig{URL: "nats://" + e.Address(), Token: "wrong"}); errors.Is(err, ErrUnreachable) {
		t.Errorf("a wrong token: error %v", err)
	}
	if _, err := Connect(NATSConfig{URL: "nats://" + e.Address(), Token: "wrong"}); err == nil || !strings.Contains(err.Error(), "Authorization") {
		t.Errorf("a wrong token: %v", err)
	}
	n, err := Connect(NATSConfig{URL: "nats://" + e.Address(), Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	shareJobs(t, own, n)
}

// shareJobs submits at one side and works at the other.
func shareJobs(t *testing.T, a, b *NATS) {
	t.Helper()
	open := func(n *NATS) *Queue {
		q, err := Open(t.Context(), Config{Journal: n, Bus: n})
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	at, far := open(a), open(b)
	w := work(t, far, success)
	submit(t, at, "x", "y", "z")
	eventually(t, at, "done elsewhere", func() bool { return at.Counts().History == 3 })
	w.stop()
	if err := far.Close(); err != nil {
		t.Error(err)
	}
	if err := at.Close(); err != nil {
		t.Error(err)
	}
}

// freePorts are n ports that nobody uses now.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	var open []net.Listener
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, l)
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	for _, l := range open {
		l.Close()
	}
	return ports
}

// TestClusterNodeLost takes one node of three away while jobs come and run: nothing stops for long, and nothing is lost.
func TestClusterNodeLost(t *testing.T) {
	ports := freePorts(t, 6)
	var routes []*url.URL
	for _, p := range ports[3:] {
		routes = append(routes, &url.URL{Scheme: "nats", Host: fmt.Sprintf("127.0.0.1:%d", p)})
	}
	var nodes []*server.Server
	var urls []string
	for i := range 3 {
		s, err := server.NewServer(&server.Options{
			ServerName: fmt.Sprint("node", i), Host: "127.0.0.1", Port: ports[i], JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoLog: true, NoSigs: true,
			Cluster: server.ClusterOpts{Name: "test", Host: "127.0.0.1", Port: ports[3+i]}, Routes: routes,
		})
		if err != nil {
			t.Fatal(err)
		}
		s.Start()
		defer s.WaitForShutdown()
		defer s.Shutdown()
		nodes = append(nodes, s)
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	cluster := strings.Join(urls, ",")
	var api *NATS
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) { // a cluster has no event for "the leader is chosen"
		var err error
		if api, err = Connect(NATSConfig{URL: cluster}); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	defer api.Close()
	if api.replicas != 3 {
		t.Fatalf("the journal has %d copies on a cluster of three nodes", api.replicas)
	}
	far, err := Connect(NATSConfig{URL: cluster})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	at, err := Open(t.Context(), Config{Journal: api, Bus: api, Snapshots: true})
	if err != nil {
		t.Fatal(err)
	}
	there, err := Open(t.Context(), Config{Journal: far, Bus: far})
	if err != nil {
		t.Fatal(err)
	}
	w := work(t, there, success)
	const jobs = 60
	for n := range jobs {
		if n == jobs/3 {
			for i, s := range nodes { // the one that leads the stream, which hurts most
				if s.JetStreamIsStreamLeader("$G", streamName) {
					nodes[i].Shutdown()
				}
			}
		}
		submit(t, at, fmt.Sprintf("job%02d", n))
	}
	eventually(t, at, "all done", func() bool { return at.Counts().History == jobs })
	entries, _ := at.History(-1, -1)
	for i, e := range entries {
		if want := fmt.Sprintf("job%02d", i); e.ID != want || e.Status != StatusSuccess {
			t.Errorf("entry %d is %s (%s), want %s", i, e.ID, e.Status, want)
		}
	}
	w.stop()
	if err := there.Close(); err != nil {
		t.Error(err)
	}
	if err := at.Close(); err != nil {
		t.Error(err)
	}
}
