module example.org/app // the program

go 1.21
toolchain go1.21.5

require github.com/pkg/errors v0.9.1
require (
	golang.org/x/net v0.17.0 // indirect
	golang.org/x/text v0.13.0
	example.org/local v0.0.0
	github.com/old/name v1.0.0
	"quoted.example/mod" v1.2.3+incompatible
)

exclude golang.org/x/text v0.13.0

replace (
	github.com/old/name v1.0.0 => github.com/new/name v1.1.0
	example.org/local => ../local
)
