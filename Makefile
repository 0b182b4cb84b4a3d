# The one Makefile. Every DIR/NAME.cpp becomes the program build/DIR/NAME; a new file is found by
# itself. A source that has a header of its own name beside it (X.cpp and X.hpp) is not a program but
# a part that is linked into the programs of its directory.
#
# `make help` prints the lines below that begin with two number signs.

## Targets:
##   all            build every program (what plain `make` does)
##   pipes, fifo…   build the programs of one directory
##   demo           show every block of the pages; ONLY=signals: of one page, with its experiments
##   test           run the tests; needs bats; ONLY=signals: of one directory
##   stress         run the tests, and let the calls of every program fail, one at a time
##   bench          measure every mechanism; BENCH=csv: a table for other programs, BENCH=svg: a picture
##   trace          run a program, RUN="build/…", or a pair, WITH="build/…" too, and show what each process
##                  did, side by side, in order of time; ROWS=0: all of it; needs strace
##   check          compile with all warnings under g++ and clang++, check form and style,
##                  run the tests under the address and undefined-behaviour sanitizers
##   clean          remove what was built
##   help           print this
## Variables:
##   BUILD          where programs go (build)
##   V=1            show the whole commands
##   CXX, CXXFLAGS, CPPFLAGS, LDFLAGS, LDLIBS   as usual; what every build needs is added to them
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
# A directive to BSD's make, nothing to GNU's:
.error : this Makefile needs GNU make, which may be called gmake

# What the environment of whoever calls make must not change: what words and numbers look like, what cd
# prints, whether > overwrites. SIGPIPE is ignored on some machines that run tests for others.
export LC_ALL := C
unexport CDPATH SHELLOPTS BASH_ENV
RUN_SCRIPT := $(shell env --default-signal=PIPE true 2>/dev/null && echo env --default-signal=PIPE)

DIRS := $(patsubst %/,%,$(wildcard $(addsuffix /,pipes fifo signals mmap mmap_locks files doors domain_sock tcp)))
BUILD := build

ifeq ($(origin CXX),default)
CXX := c++
endif
CXXFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual \
            -Wold-style-cast -Wformat=2 -Wnull-dereference -Wmissing-declarations
SYSTEM := $(shell uname -s)
ifeq ($(SYSTEM),SunOS)
LDLIBS += -lsocket -lnsl
endif
# Files may be longer than 2 GiB, also where addresses have 32 bits.
COMPILE = $(CXX) -std=c++20 -pthread -D_FILE_OFFSET_BITS=64 $(WARNINGS) -MMD -MP $(CPPFLAGS) $(CXXFLAGS)

# What is left out on a system, and what it lacks.
lacks.Darwin := signals/ping_pong mmap_locks/% files/proc doors/%
lacks.FreeBSD := files/proc doors/%
lacks.OpenBSD := signals/ping_pong mmap_locks/% files/proc doors/%
lacks.SunOS := files/proc
why.signals/ping_pong := no sigqueue()
why.mmap_locks/% := no semaphores between processes, or no robust mutexes
why.files/proc := no /proc as Linux has it
why.doors/% := no doors, nor the abstract socket names that emulate them
$(foreach part,$(lacks.$(SYSTEM)),$(info left out on $(SYSTEM): $(subst %,*,$(part)): $(why.$(part))))

SAY = $(if $(V),,@echo '$(CXX) $@' && )

SOURCES  := $(filter-out $(addsuffix .cpp,$(lacks.$(SYSTEM))),$(wildcard $(addsuffix /*.cpp,$(DIRS))))
PARTS    := $(patsubst %.hpp,%.cpp,$(wildcard $(SOURCES:.cpp=.hpp)))
PROGRAMS := $(patsubst %.cpp,$(BUILD)/%,$(filter-out $(PARTS),$(SOURCES)))
OBJECTS  := $(patsubst %.cpp,$(BUILD)/%.o,$(PARTS))

# As many jobs as there are processors, unless -j or a make above this one says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += --jobs=$(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
endif

.PHONY: all $(DIRS) demo test tests bench stress trace check clean help FORCE
all: $(PROGRAMS)
.SECONDEXPANSION:
$(DIRS): $$(filter $(BUILD)/$$@/%,$(PROGRAMS))

ANY := %
$(PROGRAMS): $(BUILD)/%: %.cpp $(BUILD)/flags $$(filter $$(@D)/$$(ANY),$(OBJECTS))
	@mkdir -p $(@D)
	$(SAY)$(COMPILE) $(LDFLAGS) -o $@ $< $(filter %.o,$^) $(LDLIBS)

$(OBJECTS): $(BUILD)/%.o: %.cpp $(BUILD)/flags
	@mkdir -p $(@D)
	$(SAY)$(COMPILE) -c -o $@ $<

# Other flags, another build: the file changes when they do.
export FLAGS = $(COMPILE) $(LDFLAGS) $(LDLIBS)
$(BUILD)/flags: FORCE
	@mkdir -p $(BUILD)
	@printf '%s\n' "$$FLAGS" | cmp -s - $@ || printf '%s\n' "$$FLAGS" >$@

-include $(addsuffix .d,$(PROGRAMS)) $(OBJECTS:.o=.d)

demo: all
	@BUILD='$(BUILD)' $(RUN_SCRIPT) tests/replay demo $(ONLY)

test: all
	@BUILD='$(BUILD)' $(RUN_SCRIPT) tests/run $(ONLY:%=tests/%.bats)

tests: test

bench: all
	@BUILD='$(BUILD)' $(RUN_SCRIPT) tests/bench

stress: all
	@BUILD='$(BUILD)' STRESS=1 LIMIT_OF_FILE=3000 $(RUN_SCRIPT) tests/run

trace: all
	@$(RUN_SCRIPT) tests/trace

check:
	@MAKE='$(MAKE)' tests/check

clean:
	rm -f $(PROGRAMS) $(addsuffix .d,$(PROGRAMS)) $(OBJECTS) $(OBJECTS:.o=.d) $(BUILD)/flags
	rm -rf $(BUILD)/replay.* $(BUILD)/tests.*
	@rmdir $(addprefix $(BUILD)/,$(DIRS)) $(BUILD) 2>/dev/null || true

help:
	@sed -n 's/^## \{0,1\}//p' Makefile
