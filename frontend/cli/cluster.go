package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/work"
	"github.com/oneactor/oneactor/graph/queue"
)

// clusterFlags say where the journal of jobs is.
type clusterFlags struct {
	url, token, ca string
	replicas       int
	listen         string
	cert, key      string
	lease          time.Duration
	objectStore    bool
}

func (f *clusterFlags) client(c *cobra.Command) {
	c.Flags().StringVar(&f.url, "nats", "", "NATS server or cluster that keeps the jobs: nats://HOST:4222, several with commas")
	c.Flags().StringVar(&f.token, "nats-token", "", "secret of that server (also ONEACTOR_NATS_TOKEN)")
	c.Flags().StringVar(&f.ca, "nats-ca", "", "file with the certificate that signed the server's, for tls:// addresses")
	c.Flags().IntVar(&f.replicas, "nats-replicas", 0, "copies of the journal when it is made (default: 3 on a cluster, else 1)")
	c.Flags().BoolVar(&f.objectStore, "object-store", false, "servers and workers share no folder: inputs, actors and results go through the NATS server")
	c.Flags().DurationVar(&f.lease, "lease", 10*time.Second, "how long a worker may be silent before its job goes to another one")
}

func (f *clusterFlags) server(c *cobra.Command) {
	c.Flags().StringVar(&f.listen, "cluster-listen", "", "HOST:PORT where workers on other machines reach the jobs of this server; needs --nats-token or TLS")
	c.Flags().StringVar(&f.cert, "cluster-tls-certfile", "", "certificate for --cluster-listen")
	c.Flags().StringVar(&f.key, "cluster-tls-keyfile", "", "key for --cluster-listen")
}

// journal is an open journal; close ends what was started for it.
type journal struct {
	*queue.NATS
	embedded *queue.Embedded
}

// open opens the journal of the flags: that of a NATS server, or one in this process.
func (f *clusterFlags) open(userFolder string) (*journal, error) {
	if f.url != "" && f.listen != "" {
		return nil, errors.New("--nats and --cluster-listen do not go together: the first uses another server, the second is one")
	}
	if f.url != "" {
		n, err := queue.Connect(queue.NATSConfig{URL: f.url, Token: f.token, CA: f.ca, Replicas: f.replicas})
		return &journal{NATS: n}, err
	}
	config := queue.EmbeddedConfig{Dir: filepath.Join(userFolder, "queue"), Listen: f.listen, Token: f.token}
	if (f.cert == "") != (f.key == "") {
		return nil, errors.New("--cluster-tls-certfile and --cluster-tls-keyfile go together")
	}
	if f.cert != "" {
		pair, err := tls.LoadX509KeyPair(f.cert, f.key)
		if err != nil {
			return nil, fmt.Errorf("--cluster-tls-certfile: %w", err)
		}
		config.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	e, err := queue.StartEmbedded(config)
	if err != nil {
		return nil, err
	}
	n, err := e.Connect()
	if err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return &journal{n, e}, nil
}

// knock is how often a server that is not there yet is tried.
const knock = 250 * time.Millisecond

// wait opens the journal of another server, and waits for one that is not there yet: the machines of a studio start in any order, and a server that
// is being started again is no reason for a worker to end.
func (f *clusterFlags) wait(ctx context.Context, say func(error)) (*journal, error) {
	for told := false; ; told = true {
		j, err := f.open("")
		if !errors.Is(err, queue.ErrUnreachable) {
			return j, err
		}
		if !told {
			say(fmt.Errorf("waiting for the server: %w", err))
		}
		select {
		case <-time.After(knock):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// files is the object store of the flags; nil where everybody shares a folder.
func (j *journal) files(ctx context.Context, f *clusterFlags, host frontend.Host) (*work.SharedFiles, error) {
	if !f.objectStore {
		return nil, nil
	}
	store, err := j.OpenFiles(ctx)
	if err != nil {
		return nil, err
	}
	files := &work.SharedFiles{Store: store, Host: host}
	return files, files.Sync(ctx)
}

// room tells of a disk that is nearly full, where the journal is in this process.
func (j *journal) room() func() error {
	if j.embedded == nil {
		return nil
	}
	return j.embedded.Room
}

func (j *journal) close() error {
	err := j.NATS.Close()
	if j.embedded != nil {
		err = errors.Join(err, j.embedded.Close())
	}
	return err
}
