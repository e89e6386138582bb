# Builds myna and runs its tests. Everything built goes under $(B).
#
#   make            build/myna, -system, -img         make check        tests, a few minutes
#   make demo       build and run foreign programs    make check-long   downloads, torture, ASan
#   make docs       generated pages of docs/
#   make bench      speed against qemu and native     make install      into PREFIX (./configure)
#
# demo, check, check-long and bench first install what they need (scripts/setup.sh) and then call make
# again: only that inner make reads config.mk, so they work on a machine without a compiler.
# Layers see only the folders below them: each has its include path (tests/layers.py checks the rest).
B ?= build
.DEFAULT_GOAL := all

OUTER = check check-quick check-long demo bench bench-fork bench-density bench-regions bench-ablations bench-memory bench-profile bench-threads bench-callgrind bench-translate docs setup clean help
ifeq ($(filter $(OUTER),$(MAKECMDGOALS)),)

include $(B)/config.mk
$(B)/config.mk: configure
	@./configure --build-dir=$(B) $(CONFIGURED)

WARN = -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS_ALL = -std=gnu11 -march=x86-64-v2 -mtune=generic $(OPT) $(WARN) $(DEFS) $(EXTRA) -D_GNU_SOURCE \
             -fno-strict-aliasing -fPIE -MMD -MP

IR_INC = -Iir
FE_INC = -Ifrontend -Iir -I$(B)/gen
BE_INC = -Ibackend -Ifrontend -Iir
SM_INC = -Isoftmmu -Isoftmmu/aarch64 -Igdb -Ibackend -Ifrontend -Ifrontend/aarch64 -Iir -I$(B)/gen
HW_INC = -Ihw $(SM_INC)
LU_INC = -Ilinux-user -Igdb -Ibackend -Ifrontend -Ifrontend/aarch64 -Iir -I$(B)/gen
TEST_INC = -Itests $(LU_INC) -Ibackend/x86_64

ir_src := $(wildcard ir/*.c)
fe_src := $(filter-out frontend/decodegen.c,$(wildcard frontend/*.c)) $(wildcard frontend/aarch64/*.c)
be_src := $(wildcard backend/*.c backend/x86_64/*.c)
gd_src := $(wildcard gdb/*.c)
lu_src := $(wildcard linux-user/*.c linux-user/gdb/*.c linux-user/aarch64/*.c)
# QMP: no without its JSON library.
qmp_no = softmmu/monitor/qmp%.c hw/qmp%.c
sm_src := $(filter-out softmmu/main.c $(qmp_$(QMP)),$(wildcard softmmu/*.c softmmu/aarch64/*.c softmmu/monitor/*.c softmmu/migrate/*.c))
hw_src := $(filter-out hw/img/% $(qmp_$(QMP)),$(wildcard hw/*.c hw/*/*.c))
img_src := $(wildcard hw/img/*.c)
asm_src := $(wildcard backend/x86_64/*.S linux-user/*.S linux-user/aarch64/*.S)
# tests/{unit,decode,codegen,ir}/NAME.c is one program each; tests/fuzz builds itself (run.sh).
test_src := $(wildcard $(patsubst %,tests/%/*.c,unit decode codegen ir))

obj = $(patsubst %.c,$(B)/%.o,$(patsubst %.S,$(B)/%.o,$(1)))
gen := $(B)/gen/aarch64_decode.h
engine_objs := $(call obj,$(ir_src) $(fe_src) $(be_src) $(gd_src) $(filter backend/%,$(asm_src)))
system_objs := $(call obj,$(sm_src) $(hw_src))
user_objs := $(call obj,$(lu_src) $(filter linux-user/%,$(asm_src)))
main_obj := $(B)/linux-user/main.o
# tests/device: the same, of what system mode is made of.
device_src_yes := $(wildcard tests/device/*.c)
tests := $(patsubst %.c,$(B)/%,$(test_src) $(device_src_$(SYSTEM)))

# SYSTEM: yes if ./configure found what system mode needs.
system_yes = $(B)/myna-system $(B)/myna-img
all: $(B)/myna $(system_$(SYSTEM))
system: $(B)/myna-system $(B)/myna-img
tests: $(tests)

$(B)/decodegen: frontend/decodegen.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g $(WARN) -o $@ $<
$(B)/gen/aarch64_decode.h: $(B)/decodegen $(wildcard frontend/aarch64/*.decode)
	@mkdir -p $(@D)
	$(B)/decodegen $@ $(wildcard frontend/aarch64/*.decode)

COMPILE = @mkdir -p $(@D); echo "  cc $<"; $(CC) $(CFLAGS_ALL)
$(B)/ir/%.o: ir/%.c $(B)/config.mk
	$(COMPILE) $(IR_INC) -c -o $@ $<
$(B)/frontend/%.o: frontend/%.c $(gen) $(B)/config.mk
	$(COMPILE) $(FE_INC) -c -o $@ $<
$(B)/backend/%.o: backend/%.c $(B)/config.mk
	$(COMPILE) $(BE_INC) -c -o $@ $<
$(B)/backend/%.o: backend/%.S $(B)/config.mk
	$(COMPILE) $(BE_INC) -c -o $@ $<
$(B)/gdb/%.o: gdb/%.c $(gen) $(B)/config.mk
	$(COMPILE) -Igdb $(BE_INC) -Ifrontend/aarch64 -I$(B)/gen -c -o $@ $<
$(B)/linux-user/%.o: linux-user/%.c $(gen) $(B)/config.mk
	$(COMPILE) $(LU_INC) -c -o $@ $<
$(B)/linux-user/%.o: linux-user/%.S $(B)/config.mk
	$(COMPILE) $(LU_INC) -c -o $@ $<

$(B)/softmmu/%.o: softmmu/%.c $(gen) $(B)/config.mk
	$(COMPILE) $(SM_INC) $(if $(filter softmmu/main.c softmmu/cli/%,$<),-Ihw) -c -o $@ $<
$(B)/hw/%.o: hw/%.c $(gen) $(B)/config.mk
	$(COMPILE) $(HW_INC) -c -o $@ $<

$(B)/libengine.a: $(engine_objs)
$(B)/libsystem.a: $(system_objs)
$(B)/libuser.a: $(filter-out $(main_obj) $(B)/linux-user/fixed.o,$(user_objs))
$(B)/lib%.a:
	@rm -f $@
	@echo "  ar $@"; ar rcs $@ $^
$(B)/myna: $(main_obj) $(FIXED) $(B)/libuser.a $(B)/libengine.a
	@echo "  ld $@"; $(CC) $(LINK) -Wl,--build-id $(OPT) -o $@ $^ $(LIBS)
	@ln -sf myna $(B)/myna-aarch64
$(B)/myna-system: $(B)/softmmu/main.o $(call obj,$(wildcard softmmu/cli/*.c)) $(B)/libsystem.a $(B)/libengine.a
	@echo "  ld $@"; $(CC) -pie -Wl,--build-id $(OPT) -o $@ $^ $(LIBS) $(SYSTEM_LIBS) -lpthread
	@ln -sf myna-system $(B)/myna-system-aarch64
$(B)/myna-img: $(call obj,$(img_src)) $(B)/libsystem.a $(B)/libengine.a
	@echo "  ld $@"; $(CC) -pie -Wl,--build-id $(OPT) -o $@ $^ $(LIBS) $(SYSTEM_LIBS) -lpthread -lm
# Whole: tests may name engine functions weakly.
TEST_LIBS = $(B)/libuser.a -Wl,--whole-archive $(B)/libengine.a -Wl,--no-whole-archive
$(B)/tests/%: tests/%.c $(FIXED) $(B)/libuser.a $(B)/libengine.a $(gen)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) $(TEST_INC) -MF $@.d -MT $@ $(LINK) -o $@ $< $(FIXED) $(TEST_LIBS) $(LIBS) -lm

$(B)/tests/device/%: tests/device/%.c $(B)/libsystem.a $(B)/libengine.a $(gen)
	@mkdir -p $(@D)
	@echo "  cc $<"; $(CC) $(CFLAGS_ALL) -Itests $(HW_INC) -MF $@.d -MT $@ -pie -o $@ $< $(B)/libsystem.a $(B)/libengine.a $(LIBS) $(SYSTEM_LIBS) -lpthread -lm

bindir = $(DESTDIR)$(PREFIX)/bin
install: all
	install -d $(bindir)
	install -m 755 $(B)/myna $(bindir)/myna
	ln -sf myna $(bindir)/myna-aarch64
ifeq ($(SYSTEM),yes)
	install -m 755 $(B)/myna-system $(bindir)/myna-system
	ln -sf myna-system $(bindir)/myna-system-aarch64
	install -m 755 $(B)/myna-img $(bindir)/myna-img
endif

-include $(shell find $(addprefix $(B)/,ir frontend backend gdb linux-user softmmu hw tests) -name '*.d' -type f 2>/dev/null)
.PHONY: all system tests install
.SECONDARY:

else

J := $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
INNER = +@$(MAKE) --no-print-directory $(J) B=$(B)

setup:
	@scripts/setup.sh build system check native
demo:
	@scripts/setup.sh build system check
	$(INNER) all
	@tests/demo.sh $(B)
check:
	@scripts/setup.sh build system check native
	@tests/guest/fetch.sh $(B)/guests arm64
	@tests/guest/fetch.sh $(B)/guests src lua5.4
	@tests/guest/fetch.sh $(B)/guests kernel
	$(INNER) -k all tests || true
	@python3 tests/run.py -B $(B) $(T)
check-quick:
	@scripts/setup.sh build system check
	$(INNER) -k all tests || true
	@python3 tests/run.py -B $(B) --quick $(T)
check-long:
	@scripts/setup.sh build system check native distro glibc
	@tests/guest/fetch.sh $(B)/guests arm64
	@tests/guest/fetch.sh $(B)/guests src lua5.4
	@tests/guest/fetch.sh $(B)/guests boot
	@tests/guest/fetch.sh $(B)/guests src sqlite3
	@tests/guest/fetch.sh $(B)/guests torture
	@tests/guest/fetch.sh $(B)/guests stress
	@tests/guest/fetch.sh $(B)/guests debian
	@tests/guest/fetch.sh $(B)/guests pgbench
	@tests/guest/fetch.sh $(B)/guests src bash
	@tests/guest/fetch.sh $(B)/guests qemu10
	@tests/guest/fetch.sh $(B)/guests code
	@tests/guest/fetch.sh $(B)/guests runtimes
	@tests/guest/fetch.sh $(B)/guests glibc-tests
	$(INNER) -k all tests || true
	@python3 tests/run.py -B $(B) --long $(T)
# make bench BENCH="--quick --only lua": see tests/bench/README.md
bench:
	@scripts/setup.sh build system check native bench
	$(INNER) all || echo "myna is not built: measuring qemu and native only"
	@python3 tests/bench/bench.py -B $(B) $(BENCH)
bench-callgrind:
	@scripts/setup.sh build system check native bench profile
	$(INNER) all
	@python3 tests/bench/bench.py -B $(B) --callgrind --only '$(ITEM)'
# Single measurements: a fork and a vfork + exec; host instructions per guest instruction; region sizes; each technique
# left out in turn.
bench-fork:
	@$(MAKE) --no-print-directory bench B=$(B) BENCH="--only processes $(BENCH)"
bench-density:
	@scripts/setup.sh build system check native bench profile
	$(INNER) all
	@python3 tests/bench/bench.py -B $(B) --density $(BENCH)
bench-regions:
	@scripts/setup.sh build system check native bench
	$(INNER) all
	@python3 tests/bench/bench.py -B $(B) --regions $(BENCH)
# Two independent threads against one.
bench-threads:
	@scripts/setup.sh build system check
	$(INNER) all
	@python3 tests/bench/threads.py -B $(B) $(BENCH)
bench-ablations:
	@scripts/setup.sh build system check native bench
	$(INNER) all
	@python3 tests/bench/bench.py -B $(B) --ablations $(BENCH)
# The most memory that six programs need, file pages apart, under myna and the qemus.
bench-memory:
	@scripts/setup.sh build system check native bench
	@tests/guest/fetch.sh $(B)/guests arm64 qemu10 runtimes
	$(INNER) all
	@python3 tests/bench/memory.py -B $(B) $(BENCH)
# The ten hottest regions of six real programs (docs/profiles.md).
bench-profile:
	@scripts/setup.sh build system check native bench
	@tests/guest/fetch.sh $(B)/guests arm64
	$(INNER) all
	@python3 tests/bench/profile.py -B $(B) $(BENCH)
# The translator alone, in nanoseconds a guest instruction: a static program of the demo's compiler.
bench-translate:
	@scripts/setup.sh build system check
	$(INNER) $(B)/tests/bench/translate
	@aarch64-linux-gnu-gcc -O2 -static -D_GNU_SOURCE -w -o $(B)/translate-me tests/guest/strings.c
	@$(B)/tests/bench/translate $(B)/translate-me
# The pages of docs/ that are made from the sources.
docs:
	@scripts/setup.sh build
	$(INNER) $(B)/tests/decode/insn_table $(B)/tests/unit/syscall_table
	@$(B)/tests/decode/insn_table --write
	@$(B)/tests/unit/syscall_table --write
clean:
	rm -rf $(B)
help:
	@sed -n '1,/^B ?=/s/^# \{0,1\}//p' Makefile
.PHONY: $(OUTER)

endif
