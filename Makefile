# Everything built goes under build/. Layers see only the folders below them (-I per layer).
B ?= build
CC ?= gcc
OPT ?= -O2 -g
WARN = -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS_ALL = -std=gnu11 $(OPT) $(WARN) $(EXTRA) -D_GNU_SOURCE -fno-strict-aliasing -fPIE -MMD -MP

IR_INC = -Iir
FE_INC = -Ifrontend -Iir -I$(B)/gen
BE_INC = -Ibackend -Ifrontend -Iir
LU_INC = -Ilinux-user -Ibackend -Ifrontend -Ifrontend/aarch64 -Iir -I$(B)/gen

ir_src := $(wildcard ir/*.c)
fe_src := $(filter-out frontend/decodegen.c,$(wildcard frontend/*.c)) $(wildcard frontend/aarch64/*.c)
be_src := $(wildcard backend/*.c backend/x86_64/*.c)
lu_src := $(wildcard linux-user/*.c linux-user/aarch64/*.c)
be_asm := $(wildcard backend/x86_64/*.S)

obj = $(patsubst %.c,$(B)/%.o,$(patsubst %.S,$(B)/%.o,$(1)))
gen := $(B)/gen/aarch64_decode.h

all: $(B)/myna

$(B)/decodegen: frontend/decodegen.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g $(WARN) -o $@ $<
$(B)/gen/aarch64_decode.h: $(B)/decodegen $(wildcard frontend/aarch64/*.decode)
	@mkdir -p $(@D)
	$(B)/decodegen $@ $(wildcard frontend/aarch64/*.decode)

$(B)/ir/%.o: ir/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(IR_INC) -c -o $@ $<
$(B)/frontend/%.o: frontend/%.c $(gen)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(FE_INC) -c -o $@ $<
$(B)/backend/%.o: backend/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(BE_INC) -c -o $@ $<
$(B)/backend/%.o: backend/%.S
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(BE_INC) -c -o $@ $<
$(B)/linux-user/%.o: linux-user/%.c $(gen)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(LU_INC) -c -o $@ $<

objs := $(call obj,$(ir_src) $(fe_src) $(be_src) $(be_asm) $(lu_src))
$(B)/myna: $(objs)
	$(CC) -static-pie -o $@ $^ -lcapstone -lffi -lz
	ln -sf myna $(B)/myna-aarch64

clean:
	rm -rf $(B)
-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all clean
