/*
 * A server of the exported attributes.x, made of libtirpc and the C rpcgen's output. It listens at
 * a free TCP port of 127.0.0.1, prints it and serves until it is killed. It registers nowhere.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attributes.h"

/* The dispatch function of the generated attributes_svcm.c. */
void attributes_prog_1(struct svc_req *, SVCXPRT *);

static int notes;

bool_t attributes_divide_1_svc(attributes_divide_1_argument argument,
			       attributes_divide_1_reply *reply, struct svc_req *request)
{
	static char why[64];

	if (argument.b != 0) {
		reply->raised = 0;
		reply->attributes_divide_1_reply_u.result.result = argument.a / argument.b;
		reply->attributes_divide_1_reply_u.result.rest = argument.a % argument.b;
	} else if (argument.a == 0) {
		reply->raised = 5;
		reply->attributes_divide_1_reply_u.state_exception = BUSY;
	} else {
		snprintf(why, sizeof why, "%d by %d", argument.a, argument.b);
		reply->raised = 1;
		reply->attributes_divide_1_reply_u.refused_exception.why = why;
		reply->attributes_divide_1_reply_u.refused_exception.code = argument.b;
	}
	return TRUE;
}

bool_t attributes_swap_1_svc(attributes_swap_1_argument argument, attributes_swap_1_result *result,
			     struct svc_req *request)
{
	result->a = argument.b;
	result->b = argument.a;
	return TRUE;
}

bool_t attributes_scalar_1_svc(attributes_scalar_1_argument argument, quad_t *result,
			       struct svc_req *request)
{
	*result = 0;
	for (u_int i = 0; i < argument.a.a_len && i < argument.b.b_len; i++)
		*result += argument.a.a_val[i] * argument.b.b_val[i];
	return TRUE;
}

/* One byte too many where `start` is negative. */
bool_t attributes_read_1_svc(attributes_read_1_argument argument, attributes_read_1_result *result,
			     struct svc_req *request)
{
	static char data[1024];

	result->result = argument.start;
	result->data.data_len = argument.start < 0 ? argument.n + 1 : argument.n;
	result->data.data_val = data;
	for (u_int i = 0; i < result->data.data_len && i < sizeof data; i++)
		data[i] = i % 251;
	return TRUE;
}

bool_t attributes_greet_1_svc(attributes_greet_1_argument argument,
			      attributes_greet_1_result *result, struct svc_req *request)
{
	static char greeting[256];
	int times = argument.times ? *argument.times : 1;

	greeting[0] = '\0';
	while (times-- > 0)
		strcat(greeting, "hello, ");
	strcat(greeting, argument.name);
	*result = greeting;
	return TRUE;
}

bool_t attributes_percent_1_svc(int argument, int *result, struct svc_req *request)
{
	*result = argument == 99 ? 101 : argument;
	return TRUE;
}

/* A C server sends a reply to a call that nobody waits for, too. */
bool_t attributes_note_1_svc(int argument, void *result, struct svc_req *request)
{
	notes += argument;
	return TRUE;
}

bool_t attributes_noted_1_svc(int *result, struct svc_req *request)
{
	*result = notes;
	return TRUE;
}

bool_t attributes_sleep_1_svc(void *result, struct svc_req *request)
{
	return FALSE;
}

/* No result owns memory. */
int attributes_prog_1_freeresult(SVCXPRT *transport, xdrproc_t xdr, caddr_t result)
{
	return TRUE;
}

int main(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	/* A test that is killed leaves no server behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 16) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
		perror("tcp");
		return 1;
	}
	SVCXPRT *tcp = svctcp_create(fd, 0, 0);

	/* Protocol 0: do not tell rpcbind. */
	if (!tcp || !svc_register(tcp, ATTRIBUTES_PROG, ATTRIBUTES_V1, attributes_prog_1, 0)) {
		fprintf(stderr, "cannot serve\n");
		return 1;
	}
	printf("tcp %d\n", ntohs(address.sin_port));
	fflush(stdout);
	svc_run();
	return 1;
}
