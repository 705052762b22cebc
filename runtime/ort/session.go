package ort

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"

	onnxruntime "github.com/yalue/onnxruntime_go"
)

// ErrClosed is returned by Run on a closed session.
var ErrClosed = errors.New("session is closed")

// Level says what onnxruntime may do to the weights while it loads a graph.
type Level int

const (
	// Mapped loads in milliseconds and leaves float32 weights in their files. Extended optimisations, no prepacking.
	Mapped Level = iota
	// Packed copies weights into the layouts its kernels like best: seconds per GB to load, faster to run.
	Packed
)

func (l Level) String() string {
	if l == Packed {
		return "packed"
	}
	return "mapped"
}

// SessionOptions of NewSession; the zero value is Mapped.
type SessionOptions struct {
	Level Level
	// Threads of one operator; 0 is the Runtime's.
	Threads int
	// Profile writes onnxruntime's trace of every operator to a file that begins with this path; empty writes none.
	Profile string
	// Config are further entries of onnxruntime's session configuration; they win over ours.
	Config map[string]string
}

// Session is a graph ready to run. It may be used by several goroutines at once.
type Session struct {
	runtime   *Runtime
	signature signature
	level     Level
	session   *onnxruntime.DynamicAdvancedSession

	closing sync.RWMutex // read-held by runs
	closed  bool
}

// NewSession loads model, the bytes of a ModelProto whose external data names files relative to "/".
// onnxruntime cannot stop a load: when ctx is cancelled NewSession returns ctx.Err() at once, and what was loading is
// thrown away when it arrives. Errors wrap ErrModel when model is not a ModelProto.
func (r *Runtime) NewSession(ctx context.Context, model []byte, o SessionOptions) (*Session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sig, err := readSignature(model)
	if err != nil {
		return nil, err
	}
	if len(sig.inputs) == 0 {
		return nil, fmt.Errorf("%w: no inputs; a constant needs no session", ErrModel)
	}
	if len(sig.outputs) == 0 {
		return nil, fmt.Errorf("%w: no float32 outputs, and others cannot be read", ErrModel)
	}
	type result struct {
		session *onnxruntime.DynamicAdvancedSession
		err     error
	}
	loaded := make(chan result, 1)
	go func() {
		s, err := r.load(model, sig, o)
		loaded <- result{s, err}
	}()
	select {
	case got := <-loaded:
		if got.err != nil {
			return nil, fmt.Errorf("onnxruntime: loading a graph: %w", got.err)
		}
		return &Session{runtime: r, signature: sig, level: o.Level, session: got.session}, nil
	case <-ctx.Done():
		go func() {
			if got := <-loaded; got.session != nil {
				_ = got.session.Destroy()
			}
		}()
		return nil, ctx.Err()
	}
}

// load makes the onnxruntime session.
func (r *Runtime) load(model []byte, sig signature, o SessionOptions) (*onnxruntime.DynamicAdvancedSession, error) {
	options, err := onnxruntime.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	defer options.Destroy()
	if err := r.configure(options, o); err != nil {
		return nil, err
	}
	return onnxruntime.NewDynamicAdvancedSessionWithONNXData(model, names(sig.inputs), names(sig.outputs), options)
}

func (r *Runtime) configure(options *onnxruntime.SessionOptions, o SessionOptions) error {
	threads := o.Threads
	if threads == 0 {
		threads = r.threads
	}
	level := onnxruntime.GraphOptimizationLevelEnableExtended
	config := map[string]string{
		// Models come as bytes, so paths of external data need a root; real paths are relative to this one.
		"session.model_external_initializers_file_folder_path": "/",
	}
	if o.Level == Packed {
		level = onnxruntime.GraphOptimizationLevelEnableAll
	} else {
		config["session.disable_prepacking"] = "1"
	}
	for key, value := range o.Config {
		config[key] = value
	}
	err := errors.Join(
		options.SetGraphOptimizationLevel(onnxruntime.GraphOptimizationLevel(level)),
		options.SetIntraOpNumThreads(threads),
		options.SetInterOpNumThreads(1),
		options.SetLogSeverityLevel(onnxruntime.LoggingLevelFatal),
	)
	for key, value := range config {
		if e := options.AddSessionConfigEntry(key, value); e != nil {
			err = errors.Join(err, fmt.Errorf("%s=%s: %w", key, strconv.Quote(value), e))
		}
	}
	if o.Profile != "" {
		err = errors.Join(err, options.EnableProfiling(o.Profile))
	}
	if err == nil && r.device.CUDA {
		err = appendCUDA(options, r.device)
	}
	return err
}

// Inputs are the values a run must be given.
func (s *Session) Inputs() []Port { return s.signature.inputs }

// Outputs are the values a run can give.
func (s *Session) Outputs() []Port { return s.signature.outputs }

// Bytes estimates the memory that the weights hold while the session lives, for a cache bounded by bytes. Packed weights
// are float32 copies; mapped ones count as stored, though the system may drop their pages.
func (s *Session) Bytes() int64 {
	if s.level == Packed {
		return s.signature.weights.float32
	}
	return s.signature.weights.stored
}

// Close frees the session after the runs that are under way. A second call does nothing.
func (s *Session) Close() error {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	return s.session.Destroy()
}

func names(ports []Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}
