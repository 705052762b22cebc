package queue

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"golang.org/x/sys/unix"
)

// EmbeddedConfig of a NATS server in this process.
type EmbeddedConfig struct {
	Dir string // where the journal lies
	// Listen is an address for workers of other processes, "" for none. Beyond loopback it needs Token or TLS.
	Listen string
	Token  string
	TLS    *tls.Config
}

// Embedded is a NATS server in this process.
type Embedded struct {
	server *server.Server
	dir    string
	lock   *os.File
	token  string
	shared bool
}

// maxMessage is the size of the largest message, and so of a job with its workflow.
const maxMessage = 64 << 20

// StartEmbedded starts a server. Its folder belongs to one process at a time.
func StartEmbedded(c EmbeddedConfig) (*Embedded, error) {
	o := &server.Options{
		ServerName: "oneactor",
		JetStream:  true,
		StoreDir:   c.Dir,
		SyncAlways: true, // an acknowledged message is on disk; JetStream's default syncs two minutes later
		MaxPayload: maxMessage,
		MaxPending: 4 * maxMessage,
		NoLog:      true,
		NoSigs:     true,
		DontListen: true,
		// The disk decides how much fits, not the part of it that is free at the start.
		JetStreamMaxStore:  1 << 50,
		JetStreamMaxMemory: 64 << 20,
	}
	if c.Listen != "" {
		if err := listen(o, c); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("queue folder: %w", err)
	}
	lock, err := lockFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("queue: %w", err), lock.Close())
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, errors.Join(fmt.Errorf("queue: the journal in %s did not become ready in 30 s; look for a full disk", c.Dir), lock.Close())
	}
	return &Embedded{server: s, dir: c.Dir, lock: lock, token: c.Token, shared: c.Listen != ""}, nil
}

// listen sets the address for other processes. Whoever can write to the journal can run anything, so strangers are kept out.
func listen(o *server.Options, c EmbeddedConfig) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("--cluster-listen %q: want HOST:PORT, such as 0.0.0.0:4222", c.Listen)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return fmt.Errorf("--cluster-listen %q: %q is no port", c.Listen, port)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) && c.Token == "" && c.TLS == nil {
		return fmt.Errorf("--cluster-listen %s lets other machines in: protect it with --cluster-token (a secret that workers give, too) or --cluster-tls-cert and --cluster-tls-key", c.Listen)
	}
	o.DontListen, o.Host, o.Port = false, host, int(n)
	if n == 0 {
		o.Port = server.RANDOM_PORT
	}
	o.Authorization = c.Token
	if c.TLS != nil {
		o.TLS, o.TLSConfig, o.TLSTimeout = true, c.TLS, 5
	}
	return nil
}

// lockFolder keeps a second server out: two writers would destroy the journal.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("queue folder: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errors.New("another oneactor serve uses it; stop that one, or choose another --user-directory")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("queue folder %s: %w", dir, err), f.Close())
	}
	return f, nil
}

// Address is where other processes reach the server, "" for nowhere.
func (e *Embedded) Address() string {
	if a := e.server.Addr(); a != nil && e.shared {
		return a.String()
	}
	return ""
}

// Connect opens the journal in the server.
func (e *Embedded) Connect() (*NATS, error) {
	o := []nats.Option{nats.InProcessServer(e.server)}
	if e.token != "" {
		o = append(o, nats.Token(e.token))
	}
	return connect("", e.shared, 1, o...)
}

// Close stops the server.
func (e *Embedded) Close() error {
	e.server.Shutdown()
	e.server.WaitForShutdown()
	return e.lock.Close()
}
