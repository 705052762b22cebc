package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/graph/queue"
)

func (a *app) workerCommand() *cobra.Command {
	f := &clusterFlags{}
	var drain time.Duration
	var previewMethod string
	var previewSize int
	c := &cobra.Command{
		Use: "worker --nats URL", Short: "Run the jobs of a server on another machine", Args: count(0, 0),
		Long: "Take jobs from a server (oneactor serve --cluster-listen) or a NATS cluster, and run them. Start as many as you like, on as many machines; they need the\n" +
			"same models and folders, shared over the network.",
		Example: "  oneactor worker --nats nats://server:4222 --nats-token SECRET --base-directory /mnt/studio",
		RunE: func(c *cobra.Command, _ []string) error {
			a.settings.PreviewMethod = previewMethod
			return a.work(c.Context(), f, drain, previewSize)
		},
	}
	f.client(c)
	c.Flags().DurationVar(&drain, "drain-timeout", -1, "how long the running job may go on when the worker is told to stop; then another worker gets it (default: until it is done)")
	c.Flags().StringVar(&previewMethod, "preview-method", "auto", "previews while sampling: none, auto, latent2rgb or taesd")
	c.Flags().IntVar(&previewSize, "preview-size", 512, "longer side of previews in pixels")
	return c
}

func (a *app) work(ctx context.Context, f *clusterFlags, drain time.Duration, previewSize int) error {
	if f.url == "" {
		return failure{exitUsage, errors.New("worker: say where the jobs are with --nats nats://HOST:4222")}
	}
	if f.token == "" {
		f.token = os.Getenv("ONEACTOR_NATS_TOKEN")
	}
	a.longLived()
	classes, err := a.classes(ctx)
	if err != nil {
		return err
	}
	host, err := a.open()
	if err != nil {
		return err
	}
	defer host.Close()
	j, err := f.wait(ctx, a.say)
	if err != nil {
		return failure{exitFailed, err}
	}
	defer func() {
		if err := j.close(); err != nil {
			a.say(err)
		}
	}()
	q, err := queue.Open(ctx, queue.Config{Journal: j, Bus: j, Lease: f.lease})
	if err != nil {
		return failure{exitFailed, err}
	}
	engine := a.engine(classes, host.Choices, host)
	files, err := j.files(ctx, f, host)
	if err != nil {
		return failure{exitFailed, errors.Join(err, q.Close())}
	}
	fmt.Fprintf(a.Err, "Working for %s\n", f.url)
	err = q.Work(ctx, workerConfig(host, classes, engine, j, files, previewSize, drain, false))
	if err = errors.Join(err, q.Close()); err != nil {
		return failure{exitFailed, err}
	}
	return nil
}
