package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/frontend/api"
	"github.com/oneactor/oneactor/frontend/work"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/queue"
)

// serveFlags are those of serve; where ComfyUI has the same, the name is ComfyUI's.
type serveFlags struct {
	listen        string
	port          uint16
	cert, key     string
	insecure      bool
	maxUpload     float64
	multiUser     bool
	previewMethod string
	previewSize   int
	maxQueue      int
	noWorker      bool
	drain         time.Duration
	pprof         string
	verbose       string
	frontEnd      string
	api           api.Config
	cluster       clusterFlags
}

func (a *app) serveCommand() *cobra.Command {
	f := &serveFlags{}
	c := &cobra.Command{
		Use: "serve", Short: "Serve the canvas and ComfyUI's API", Args: count(0, 0),
		Long: "Serve the canvas in the browser, and the HTTP and websocket API of ComfyUI, for its front end, scripts and plug-ins. Jobs are kept on disk: what was\n" +
			"accepted runs, also after a crash. Workers on other machines share the work: see --cluster-listen, --nats and oneactor worker.",
		Example: "  oneactor serve\n" +
			"  oneactor serve --base-directory ~/ComfyUI --port 8200\n" +
			"  oneactor serve --listen 0.0.0.0 --token SECRET\n" +
			"  oneactor serve --cluster-listen 0.0.0.0:4222 --nats-token SECRET",
		RunE: func(c *cobra.Command, _ []string) error {
			f.api.PlainPreviews = c.Flags().Changed("preview-method")
			return a.serve(c.Context(), f)
		},
	}
	p := c.Flags()
	p.StringVar(&f.listen, "listen", "127.0.0.1", "addresses to listen on, with commas; without a value all of this machine")
	p.Lookup("listen").NoOptDefVal = "0.0.0.0,::"
	p.Uint16Var(&f.port, "port", 8188, "port; 0 takes a free one")
	p.StringVar(&f.cert, "tls-certfile", "", "certificate, for https")
	p.StringVar(&f.key, "tls-keyfile", "", "key of the certificate")
	p.StringVar(&f.api.Token, "token", "", "secret that clients must send as a bearer token (also ONEACTOR_TOKEN)")
	p.BoolVar(&f.insecure, "insecure", false, "listen beyond this machine without a token")
	p.StringVar(&f.api.CORSOrigin, "enable-cors-header", "", "let web pages of this origin in; without a value those of any")
	p.Lookup("enable-cors-header").NoOptDefVal = "*"
	p.Float64Var(&f.maxUpload, "max-upload-size", 100, "largest request in MB")
	p.BoolVar(&f.multiUser, "multi-user", false, "settings, workflows and a fair share of the queue for each user")
	p.StringVar(&f.api.FrontEndRoot, "front-end-root", "", "folder with another web front end, such as that of the PyPI package comfyui-frontend-package")
	p.BoolVar(&f.api.Compress, "enable-compress-response-body", false, "gzip JSON answers")
	p.StringVar(&f.api.HashName, "default-hashing-function", "sha256", "how uploads are compared: md5, sha1, sha256 or sha512")
	p.StringVar(&f.previewMethod, "preview-method", "auto", "previews while sampling: none, auto, latent2rgb or taesd; where it is not given, only clients that ask for previews get them")
	p.IntVar(&f.previewSize, "preview-size", 512, "longer side of previews in pixels")
	p.IntVar(&f.maxQueue, "max-queue", 0, "how many jobs may wait (default: no limit)")
	p.BoolVar(&f.noWorker, "no-worker", false, "run no jobs in this process; workers do")
	p.DurationVar(&f.drain, "drain-timeout", 0, "how long the running job may go on when the server is told to stop; after that it waits for the next start")
	p.StringVar(&f.verbose, "verbose", "INFO", "what goes into the log: DEBUG, INFO, WARNING, ERROR or CRITICAL; without a value DEBUG")
	p.Lookup("verbose").NoOptDefVal = "DEBUG"
	p.StringVar(&f.frontEnd, "front-end-version", builtInFrontEnd, "accepted for ComfyUI's sake: only the canvas that is built in; for another front end see --front-end-root")
	p.Bool("disable-api-nodes", true, "accepted for ComfyUI's sake: there are no nodes that call paid services")
	p.StringVar(&f.pprof, "pprof", "", "serve profiles for go tool pprof on this address")
	f.cluster.client(c)
	f.cluster.server(c)
	return c
}

// serve runs until ctx ends.
func (a *app) serve(ctx context.Context, f *serveFlags) error {
	if f.api.Token == "" {
		f.api.Token = os.Getenv("ONEACTOR_TOKEN")
	}
	if f.cluster.token == "" {
		f.cluster.token = os.Getenv("ONEACTOR_NATS_TOKEN")
	}
	addresses, err := f.addresses()
	level, levelErr := logLevel(f.verbose)
	if err = errors.Join(err, levelErr, checkFrontEndVersion(f.frontEnd), api.CheckFrontEnd(f.api.FrontEndRoot), api.CheckHash(f.api.HashName)); err != nil {
		return failure{exitUsage, err}
	}
	f.api.Log = api.NewLog(a.Err)
	a.Err = f.api.Log
	slog.SetDefault(slog.New(slog.NewTextHandler(f.api.Log, &slog.HandlerOptions{Level: level})))
	if f.pprof != "" {
		if err := servePprof(f.pprof); err != nil {
			return failure{exitUsage, err}
		}
	}
	a.longLived()
	a.settings.PreviewMethod = f.previewMethod
	classes, err := a.classes(ctx)
	if err != nil {
		return err
	}
	host, err := a.open()
	if err != nil {
		return err
	}
	defer host.Close()
	j, err := f.cluster.open(host.UserFolder())
	if err != nil {
		return failure{exitFailed, err}
	}
	defer func() {
		if err := j.close(); err != nil {
			a.say(err)
		}
	}()
	q, err := queue.Open(ctx, queue.Config{
		Journal: j, Bus: j, Fair: f.multiUser, Limit: f.maxQueue, Lease: f.cluster.lease, Snapshots: true, Room: j.room(),
	})
	if err != nil {
		return failure{exitFailed, err}
	}
	defer func() {
		if err := q.Close(); err != nil {
			a.say(err)
		}
	}()
	return a.serveQueue(ctx, f, addresses, classes, host, j, q)
}

func (a *app) serveQueue(ctx context.Context, f *serveFlags, addresses []string, classes *graph.Registry, host frontend.Host, j *journal, q *queue.Queue) error {
	choices := allChoices(host.Choices, q)
	engine := a.engine(classes, choices, host)
	f.api.Version, f.api.Args, f.api.Templates, f.api.Canvas = a.Version, publicArgs(os.Args), a.Templates, a.Canvas
	f.api.MaxUploadBytes, f.api.MultiUser = int64(f.maxUpload*(1<<20)), f.multiUser
	files, err := j.files(ctx, &f.cluster, host)
	if err != nil {
		return failure{exitFailed, err}
	}
	if files != nil {
		f.api.Files = files
		defer q.Watch(func(c queue.Change) { // an actor that a worker has tuned is offered here
			if c.Kind != queue.ChangeFinished {
				return
			}
			if err := files.Sync(ctx); err != nil && ctx.Err() == nil {
				slog.Warn("files of workers are not here yet", "problem", err)
			}
		})()
	}
	server, err := api.New(f.api, host, engine, choices, q, j)
	if err != nil {
		return failure{exitFailed, err}
	}
	listeners, err := f.open(addresses)
	if err != nil {
		return failure{exitFailed, err}
	}
	// What fails ends the others.
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var running sync.WaitGroup
	if !f.noWorker {
		if j.embedded != nil {
			q.RecoverLocal()
		}
		running.Go(func() {
			stop(q.Work(ctx, workerConfig(host, classes, engine, j, files, f.previewSize, f.drain, j.embedded != nil)))
		})
	}
	web := server.HTTP()
	for _, l := range listeners {
		running.Go(func() {
			var err error
			if f.cert != "" {
				err = web.ServeTLS(l, f.cert, f.key)
			} else {
				err = web.Serve(l)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				stop(fmt.Errorf("server: %w", err))
			}
		})
	}
	running.Go(func() {
		if n := host.Sweep(); n > 0 {
			slog.Info("unfinished files of killed processes were removed", "files", n)
		}
	})
	a.greet(f, listeners, j)
	<-ctx.Done()
	server.Close()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := web.Shutdown(last); err != nil {
		web.Close()
	}
	running.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return failure{exitFailed, cause}
	}
	return nil
}

// longLived keeps the heap close to what is in use: a server waits most of the time, and its memory is wanted for models.
func (a *app) longLived() {
	if a.LongLived != nil {
		a.LongLived()
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

// publicArgs are the arguments of the process without secrets, as clients may see them.
func publicArgs(args []string) []string {
	out := slices.Clone(args)
	for i, arg := range out {
		for _, secret := range []string{"--token", "--nats-token"} {
			if arg == secret && i+1 < len(out) {
				out[i+1] = "…"
			} else if strings.HasPrefix(arg, secret+"=") {
				out[i] = secret + "=…"
			}
		}
	}
	return out
}

// workerConfig runs jobs on an engine.
func workerConfig(host frontend.Host, classes *graph.Registry, engine *graph.Engine, bus queue.Bus, files *work.SharedFiles, previewSize int, drain time.Duration, local bool) queue.WorkerConfig {
	runner := &work.Runner{Engine: engine, Host: host, Bus: bus, Files: files, PreviewSide: previewSize}
	name, err := os.Hostname()
	if err != nil {
		name = "worker"
	}
	device := sync.OnceValue(func() string { return host.Doctor().Device })
	return queue.WorkerConfig{
		Local: local, Host: name, Drain: drain, Run: runner.Run, Free: runner.Free, Tidy: debug.FreeOSMemory,
		Info:  func() (string, []string) { return device(), runner.Models() },
		Lists: func() queue.Lists { return work.Lists(classes, host.Choices) },
	}
}

// allChoices lists what this process or a worker has.
func allChoices(own graph.Choices, q *queue.Queue) graph.Choices {
	return func(key string) ([]string, error) {
		names, err := own(key)
		more, _ := q.List(key)
		return union(names, more), err
	}
}

// union adds to names what of more is not there yet.
func union(names, more []string) []string {
	if len(more) == 0 {
		return names
	}
	have := make(map[string]bool, len(names))
	for _, n := range names {
		have[n] = true
	}
	all := append([]string(nil), names...)
	for _, n := range more {
		if !have[n] {
			all = append(all, n)
		}
	}
	return all
}

// addresses are those to listen on. Without a token, other machines are let in only on demand.
func (f *serveFlags) addresses() ([]string, error) {
	if (f.cert == "") != (f.key == "") {
		return nil, errors.New("--tls-certfile and --tls-keyfile go together")
	}
	var list []string
	for address := range strings.SplitSeq(f.listen, ",") {
		address = strings.Trim(strings.TrimSpace(address), "[]")
		ip := net.ParseIP(address)
		if local := address == "localhost" || ip != nil && ip.IsLoopback(); !local && f.api.Token == "" && !f.insecure {
			return nil, fmt.Errorf("--listen %s lets other machines in, and whoever reaches the server can use it: give a secret with --token, or say --insecure if the network is yours alone", address)
		}
		list = append(list, net.JoinHostPort(address, strconv.Itoa(int(f.port))))
	}
	return list, nil
}

// open listens on all addresses. A machine without IPv6 may miss that one of several.
func (f *serveFlags) open(addresses []string) ([]net.Listener, error) {
	var listeners []net.Listener
	var failed error
	for _, address := range addresses {
		network := "tcp4"
		if strings.HasPrefix(address, "[") {
			network = "tcp6"
		}
		if strings.HasPrefix(address, "localhost:") {
			network = "tcp"
		}
		l, err := net.Listen(network, address)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%w; another program may use the port: choose one with --port", err))
			continue
		}
		listeners = append(listeners, l)
	}
	if len(listeners) == 0 {
		return nil, failed
	}
	if failed != nil {
		slog.Warn("an address is left out", "problem", failed)
	}
	return listeners, nil
}

// greet says where the server is.
func (a *app) greet(f *serveFlags, listeners []net.Listener, j *journal) {
	scheme := "http"
	if f.cert != "" {
		scheme = "https"
	}
	if f.insecure && f.api.Token == "" {
		a.say(errors.New("warning: other machines can use this server without a token (--insecure)"))
	}
	for _, l := range listeners {
		fmt.Fprintf(a.Err, "To see the GUI go to: %s://%s\n", scheme, l.Addr())
	}
	if j.embedded != nil && j.embedded.Address() != "" {
		fmt.Fprintf(a.Err, "Workers reach the jobs at: nats://%s\n", j.embedded.Address())
	}
}
