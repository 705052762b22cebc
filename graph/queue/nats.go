package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Names on the NATS server.
const (
	streamName    = "ONEACTOR_JOBS"
	streamSubject = "oneactor.jobs"
	stateBucket   = "oneactor_state" // key-value: which snapshot is the newest
	shotBucket    = "oneactor_snapshots"
	filesBucket   = "oneactor_files"
	stateKey      = "snapshot"
)

// NATS is a Journal and a Bus on a NATS server with JetStream.
type NATS struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	stream   jetstream.Stream
	replicas int
	shared   bool

	once  sync.Once // snapshots are opened when they are first needed
	state jetstream.KeyValue
	shots jetstream.ObjectStore
	fail  error
}

var (
	_ Journal = (*NATS)(nil)
	_ Bus     = (*NATS)(nil)
)

// NATSConfig is how to reach a server or a cluster of them.
type NATSConfig struct {
	URL      string // "nats://host:4222", several with commas
	Token    string
	CA       string // file with the certificate that signed the server's; "" is the system's list
	Replicas int    // copies of the journal; 0 means 3 on a cluster and 1 on a single server
}

// ErrUnreachable is wrapped by the error of a NATS server that is not there, now.
var ErrUnreachable = errors.New("it cannot be reached")

// Connect opens the journal on a running NATS server, and makes it where it is not there yet. The error wraps ErrUnreachable where there is no server.
func Connect(c NATSConfig) (*NATS, error) {
	var o []nats.Option
	if c.Token != "" {
		o = append(o, nats.Token(c.Token))
	}
	if c.CA != "" {
		o = append(o, nats.RootCAs(c.CA))
	}
	return connect(c.URL, true, c.Replicas, o...)
}

func connect(url string, shared bool, replicas int, o ...nats.Option) (*NATS, error) {
	o = append(o,
		nats.Name("oneactor"), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond), nats.PingInterval(10*time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				slog.Warn("lost the NATS server; trying to reach it again", "problem", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { slog.Info("reached the NATS server again", "url", c.ConnectedUrlRedacted()) }),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			if s != nil {
				slog.Warn("messages were lost", "subject", s.Subject, "problem", err)
			}
		}),
	)
	conn, err := nats.Connect(url, o...)
	if errors.Is(err, nats.ErrNoServers) {
		return nil, fmt.Errorf("NATS server %s: %w: %w", url, ErrUnreachable, err)
	}
	if err != nil {
		return nil, fmt.Errorf("NATS server %s: %w", url, err)
	}
	n := &NATS{conn: conn, shared: shared, replicas: replicas}
	if err := n.open(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("NATS server %s: %w", url, err)
	}
	return n, nil
}

// replicasNotSupported is the code with which a server alone refuses copies.
const replicasNotSupported = 10074

const (
	openFor = 60 * time.Second // a cluster that starts has chosen its leaders by then
	askFor  = 3 * time.Second  // nodes without a leader do not answer
)

// open finds the stream, or makes it. Servers that are starting are waited for.
func (n *NATS) open() error {
	var err error
	if n.js, err = jetstream.New(n.conn); err != nil {
		return err
	}
	for end := time.Now().Add(openFor); ; {
		err := n.openStream()
		if err == nil || errors.Is(err, errNoJetStream) || time.Now().After(end) {
			return err
		}
		slog.Info("waiting for the NATS server", "problem", err)
		time.Sleep(250 * time.Millisecond) // between questions: a server says nothing when it becomes ready
	}
}

var errNoJetStream = errors.New("JetStream is off; start the server with -js, or with the configuration in deploy/")

// openStream asks once. On a cluster the stream gets three copies, so that one node may be lost.
func (n *NATS) openStream() error {
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	defer cancel()
	var err error
	if n.stream, err = n.js.Stream(ctx, streamName); err == nil {
		n.replicas = n.stream.CachedInfo().Config.Replicas
		return nil
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		if errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
			return errNoJetStream
		}
		return err
	}
	tries := []int{n.replicas}
	if n.replicas <= 0 {
		tries = []int{3, 1}
	}
	for _, replicas := range tries {
		n.stream, err = n.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: streamName, Description: "the journal of oneactor's jobs", Subjects: []string{streamSubject},
			Storage: jetstream.FileStorage, Replicas: replicas, Duplicates: 2 * time.Minute, DenyDelete: true,
			AllowDirect: true, // any copy answers reads
		})
		var api *jetstream.APIError
		if err == nil {
			n.replicas = replicas
			return nil
		} else if !errors.As(err, &api) || api.ErrorCode != replicasNotSupported {
			break // such as nodes that have not found each other yet: one copy would be for ever
		}
	}
	return fmt.Errorf("stream %s: %w", streamName, err)
}

// Close ends the connection, after what was published is sent.
func (n *NATS) Close() error {
	err := n.conn.FlushTimeout(5 * time.Second)
	n.conn.Close()
	if errors.Is(err, nats.ErrConnectionClosed) {
		return nil
	}
	return err
}

// Shared implements Journal.
func (n *NATS) Shared() bool { return n.shared }

// MaxMessage implements Journal; something is left for what the server adds.
func (n *NATS) MaxMessage() int { return int(n.conn.MaxPayload()) - 4096 }

// Append implements Journal.
func (n *NATS) Append(ctx context.Context, id string, data []byte) (uint64, error) {
	// One process alone asks once; where a connection may break, the id tells a second copy.
	var o []jetstream.PublishOpt
	if n.shared {
		o = append(o, jetstream.WithMsgID(id))
	}
	ack, err := n.js.Publish(ctx, streamSubject, data, o...)
	if err == nil {
		return ack.Sequence, nil
	}
	var api *jetstream.APIError
	if n.shared && !errors.As(err, &api) && !errors.Is(err, nats.ErrMaxPayload) {
		err = fmt.Errorf("%w: %w", errTryAgain, err)
	}
	return 0, fmt.Errorf("journal: %w", err)
}

// Follow implements Journal.
func (n *NATS) Follow(ctx context.Context, from uint64, ready func(), each func(uint64, []byte) error) error {
	info, err := n.stream.Info(ctx)
	if err != nil {
		return err
	}
	last := info.State.LastSeq
	if first := info.State.FirstSeq; from < first {
		from = first // what lies before was purged, and a snapshot has it
	}
	if from > last && !n.shared {
		ready()
		return nil
	}
	consumer, err := n.js.OrderedConsumer(ctx, streamName, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	if err != nil {
		return err
	}
	// The consumer lives on one node; a heartbeat that is missed for two seconds finds out that it is gone, and makes another one.
	messages, err := consumer.Messages(jetstream.PullMaxMessages(512), jetstream.PullExpiry(10*time.Second), jetstream.PullHeartbeat(time.Second))
	if err != nil {
		return err
	}
	defer messages.Stop()
	defer context.AfterFunc(ctx, messages.Stop)()
	if from > last {
		ready()
	}
	for {
		m, err := messages.Next()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, jetstream.ErrNoHeartbeat): // it asks again by itself
			continue
		case err != nil:
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if err := each(meta.Sequence.Stream, m.Data()); err != nil {
			return err
		}
		if meta.Sequence.Stream == last {
			ready()
			if !n.shared {
				return nil // nobody else writes
			}
		}
	}
}

// Get implements Journal.
func (n *NATS) Get(ctx context.Context, seq uint64) ([]byte, error) {
	m, err := n.stream.GetMsg(ctx, seq)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, fmt.Errorf("journal: %w: %d", ErrNoMessage, seq)
	}
	if err != nil {
		return nil, fmt.Errorf("journal: message %d: %w", seq, err)
	}
	return m.Data, nil
}

// Purge implements Journal.
func (n *NATS) Purge(ctx context.Context, below uint64) error {
	if below <= 1 {
		return nil
	}
	return n.stream.Purge(ctx, jetstream.WithPurgeSequence(below))
}

// newest names the newest snapshot.
type newest struct {
	Applied uint64 `json:"applied"`
	Object  string `json:"object"`
}

func (n *NATS) snapshots(ctx context.Context) error {
	n.once.Do(func() {
		n.state, n.fail = n.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: stateBucket, History: 1, Replicas: n.replicas})
		if n.fail == nil {
			n.shots, n.fail = n.js.CreateOrUpdateObjectStore(ctx, jetstream.ObjectStoreConfig{Bucket: shotBucket, Replicas: n.replicas})
		}
	})
	return n.fail
}

func (n *NATS) newest(ctx context.Context) (at newest, revision uint64, err error) {
	e, err := n.state.Get(ctx, stateKey)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return newest{}, 0, nil
	}
	if err != nil {
		return newest{}, 0, err
	}
	return at, e.Revision(), json.Unmarshal(e.Value(), &at)
}

// LoadSnapshot implements Journal.
func (n *NATS) LoadSnapshot(ctx context.Context) ([]byte, error) {
	if n.stream.CachedInfo().State.LastSeq == 0 {
		return nil, nil // a new journal has none
	}
	if err := n.snapshots(ctx); err != nil {
		return nil, err
	}
	for range 3 { // another process may replace it meanwhile
		at, _, err := n.newest(ctx)
		if err != nil || at.Object == "" {
			return nil, err
		}
		data, err := n.shots.GetBytes(ctx, at.Object)
		if !errors.Is(err, jetstream.ErrObjectNotFound) {
			return data, err
		}
	}
	return nil, errors.New("the snapshot keeps vanishing")
}

// SaveSnapshot implements Journal. The object is written first and then named, if nobody has named a newer one; the one before goes.
func (n *NATS) SaveSnapshot(ctx context.Context, applied uint64, data []byte) (bool, error) {
	if err := n.snapshots(ctx); err != nil {
		return false, err
	}
	before, revision, err := n.newest(ctx)
	if err != nil || before.Applied >= applied {
		return false, err
	}
	at := newest{applied, strconv.FormatUint(applied, 10) + "-" + nats.NewInbox()}
	if _, err := n.shots.PutBytes(ctx, at.Object, data); err != nil {
		return false, err
	}
	value, err := json.Marshal(at)
	if err != nil {
		return false, err
	}
	if _, err := n.state.Update(ctx, stateKey, value, revision); err != nil {
		gone := n.shots.Delete(ctx, at.Object)
		if errors.Is(err, jetstream.ErrKeyExists) { // someone was faster
			return false, gone
		}
		return false, errors.Join(err, gone)
	}
	if before.Object == "" {
		return true, nil
	}
	return true, n.shots.Delete(ctx, before.Object)
}

// Publish implements Bus.
func (n *NATS) Publish(subject string, data []byte) error { return n.conn.Publish(subject, data) }

// Subscribe implements Bus.
func (n *NATS) Subscribe(subject string, f func([]byte)) (func(), error) {
	s, err := n.conn.Subscribe(subject, func(m *nats.Msg) { f(m.Data) })
	if err != nil {
		return nil, err
	}
	_ = s.SetPendingLimits(1<<18, 256<<20)
	return func() { _ = s.Unsubscribe() }, nil
}
