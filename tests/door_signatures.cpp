// door_signatures - holds the declarations of the door calls to the documented
// ones
//
// Run:   c++ -std=c++20 -fsyntax-only tests/door_signatures.cpp; with
//        -Itests/solaris the declarations that stand in for Solaris
// See:   no error

#if __has_include(<door.h>)
#include <door.h>
#include <stropts.h>
#else
#include "../doors/door_emulation.hpp"
#endif

#include <type_traits>

using Procedure = void(void *, char *, size_t, door_desc_t *, uint_t);
template <class Call, class Documented>
constexpr bool is = std::is_same_v<Call, Documented>;

static_assert(is<uint_t, unsigned int>);
static_assert(is<decltype(door_create), int(Procedure *, void *, uint_t)>);
static_assert(is<decltype(door_call), int(int, door_arg_t *)>);
static_assert(
    is<decltype(door_return), int(char *, size_t, door_desc_t *, uint_t)>);
static_assert(is<decltype(fattach), int(int, const char *)>);
static_assert(is<decltype(fdetach), int(const char *)>);
static_assert(is<decltype(door_arg_t::data_ptr), char *>);
static_assert(is<decltype(door_arg_t::data_size), size_t>);
static_assert(is<decltype(door_arg_t::desc_ptr), door_desc_t *>);
static_assert(is<decltype(door_arg_t::desc_num), uint_t>);
static_assert(is<decltype(door_arg_t::rbuf), char *>);
static_assert(is<decltype(door_arg_t::rsize), size_t>);
